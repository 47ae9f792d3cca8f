import PhotosUI
import SwiftUI

/// What is to be translated.
private struct Request: Equatable {
    var photo: [UInt8] = []
    var sliders: [Float] = []
}

/// Choose a photo, move the sliders, see the face change.
struct ContentView: View {
    @State private var translator: Translator?
    @State private var choice: PhotosPickerItem?
    @State private var request = Request()
    @State private var before: UIImage?
    @State private var after: UIImage?
    @State private var status = "One face, upright, filling the middle"

    var body: some View {
        ScrollView {
            VStack {
                PhotosPicker("Choose a photo", selection: $choice, matching: .images)
                HStack {
                    shown(before, "The square in the middle of the photo")
                    shown(after, "The edited face")
                }
                Text(status)
                if let edits = translator?.edits {
                    ForEach(edits.axes.indices, id: \.self) { slider(at: $0, of: edits) }
                }
            }
            .padding()
        }
        .task { open() }
        .task(id: choice) { await read() }
        .task(id: request) { await translate() }
    }

    @ViewBuilder
    private func shown(_ image: UIImage?, _ description: String) -> some View {
        if let image {
            Image(uiImage: image).resizable().scaledToFit().accessibilityLabel(description)
        }
    }

    private func slider(at column: Int, of edits: Edits) -> some View {
        let axis = edits.axes[column]
        let reach = edits.reach(of: axis)
        let other = reach.lowerBound == 0 ? "original" : opposite(of: axis)
        return Slider(value: $request.sliders[column], in: reach) {
            Text("\(other) to \(axis)")
        } minimumValueLabel: {
            Text(other)
        } maximumValueLabel: {
            Text(axis)
        }
    }

    private func open() {
        guard translator == nil else { return }
        guard
            let model = Bundle.main.url(forResource: "translator", withExtension: "tflite"),
            let facts = Bundle.main.url(forResource: "translator", withExtension: "json")
        else {
            status = "translator.tflite and translator.json are not in the app"
            return
        }
        do {
            let opened = try Translator(model: model, facts: facts)
            request.sliders = opened.edits.axes.map { _ in 0 }
            translator = opened
        } catch {
            status = "Failed: \(error.localizedDescription)"
        }
    }

    private func read() async {
        guard let choice, let translator else { return }
        do {
            guard
                let file = try await choice.loadTransferable(type: Data.self),
                let photo = UIImage(data: file)
            else {
                status = "Not a picture"
                return
            }
            let cut = square(of: photo, side: translator.edits.resolution)
            before = cut
            request.photo = pixels(of: cut)
        } catch {
            status = "Failed: \(error.localizedDescription)"
        }
    }

    private func translate() async {
        guard let translator, !request.photo.isEmpty else { return }
        do {
            let side = translator.edits.resolution
            let edited = try await translator.translate(request.photo, sliders: request.sliders)
            after = picture(of: edited.pixels, side: side)
            status = edited.took.formatted(.units(allowed: [.milliseconds]))
        } catch is CancellationError {
            // A slider has moved on, and its picture is on the way.
        } catch {
            status = "Failed: \(error.localizedDescription)"
        }
    }
}
