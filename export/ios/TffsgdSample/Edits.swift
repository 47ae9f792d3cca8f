import Foundation

private let opposites = ["feminine": "masculine", "older": "younger", "smile": "frown"]

/// The other end of an axis: what lies to its left on a slider.
func opposite(of axis: String) -> String {
    opposites[axis] ?? "not \(axis)"
}

/// How far a slider goes; the network has not learnt from more.
let largest: Float = 1.5

/// What the JSON beside the model says of its edits.
struct Edits: Decodable, Sendable {
    /// R, the side of the image in pixels.
    let resolution: Int
    /// Names of the E columns of `strengths`.
    let axes: [String]
    /// What strength 1 of both ends of each axis stands for, in the network's unit; of one
    /// end, where the network has learnt one fixed edit.
    private let units: [String: Float]

    private enum Key: String, CodingKey {
        case resolution, axes, units
    }

    init(from decoder: Decoder) throws {
        let facts = try decoder.container(keyedBy: Key.self)
        resolution = try facts.decode(Int.self, forKey: .resolution)
        axes = try facts.decode([String].self, forKey: .axes)
        units = try facts.decode([String: Float].self, forKey: .units)
        for axis in axes where units[axis] == nil {
            throw DecodingError.dataCorruptedError(
                forKey: .units, in: facts, debugDescription: "\(axis) has no unit")
        }
    }

    /// How far an axis's slider goes: from the photo to the edit where there is no opposite.
    func reach(of axis: String) -> ClosedRange<Float> {
        units[opposite(of: axis)] == nil ? 0...1 : -largest...largest
    }

    /// Slider positions as the network takes them.
    ///
    /// - Parameter sliders: One for each axis: 1 is a clear edit, -1 a clear edit of the
    ///   opposite, whose unit may be another.
    /// - Returns: float32 `[1, E]`.
    func strengths(at sliders: [Float]) -> Data {
        data(of: zip(axes, sliders).map { axis, position in
            position * units[position < 0 ? opposite(of: axis) : axis]!
        })
    }
}
