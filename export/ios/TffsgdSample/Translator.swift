import Foundation
import TensorFlowLite

private let signature = "serving_default"
private let imageName = "image"
private let strengthsName = "strengths"
private let threads = 2

/// The exported network on the CPU; one picture at a time.
///
/// Tensors are bound by name: in which order a file lists `image` and `strengths` is the
/// converter's business.
actor Translator {
    let edits: Edits
    private let runner: SignatureRunner

    /// Opens what `tf-fsgd export` wrote: a .tflite file and the JSON beside it.
    init(model: URL, facts: URL) throws {
        edits = try JSONDecoder().decode(Edits.self, from: Data(contentsOf: facts))
        var options = Interpreter.Options()
        options.threadCount = threads
        options.isXNNPackEnabled = true
        let interpreter = try Interpreter(modelPath: model.path, options: options)
        runner = try interpreter.signatureRunner(with: signature)
    }

    /// Edits a photo, unless the task has been cancelled for a newer one.
    ///
    /// - Parameters:
    ///   - photo: R * R pixels, as `tensor(ofPixels:)` takes them.
    ///   - sliders: As `Edits.strengths(at:)` takes them.
    /// - Returns: R * R pixels, and how long they took.
    func translate(_ photo: [UInt8], sliders: [Float]) throws -> (pixels: [UInt8], took: Duration) {
        try Task.checkCancellation()
        let clock = ContinuousClock()
        let start = clock.now
        let inputs = [
            imageName: tensor(ofPixels: photo), strengthsName: edits.strengths(at: sliders),
        ]
        try runner.invoke(with: inputs)
        let translated = try pixels(ofTensor: runner.output(named: imageName).data)
        return (translated, clock.now - start)
    }
}
