import Foundation

// Bytes and the network's tensors. Nothing but Foundation, so that it compiles anywhere.

/// Pixels as the network takes them.
///
/// - Parameter pixels: Red, green, blue and a byte that is ignored, row by row.
/// - Returns: float32 `[1, R, R, 3]`, red, green and blue of a pixel beside each other, in
///   [-1, 1].
func tensor(ofPixels pixels: [UInt8]) -> Data {
    var floats: [Float32] = []
    floats.reserveCapacity(pixels.count / 4 * 3)
    for start in stride(from: 0, to: pixels.count, by: 4) {
        for channel in 0..<3 {
            floats.append(Float32(pixels[start + channel]) / 127.5 - 1)
        }
    }
    return data(of: floats)
}

/// What the network returned, as pixels.
///
/// - Parameter tensor: As `tensor(ofPixels:)` returns it; what lies outside [-1, 1] is clipped.
/// - Returns: Red, green, blue and 255, row by row.
func pixels(ofTensor tensor: Data) -> [UInt8] {
    let floats = tensor.withUnsafeBytes { Array($0.bindMemory(to: Float32.self)) }
    var pixels = [UInt8](repeating: 255, count: floats.count / 3 * 4)
    for (index, value) in floats.enumerated() {
        let level = ((value + 1) * 127.5).rounded()
        // In this order NaN, which a byte cannot hold, becomes 0.
        pixels[index / 3 * 4 + index % 3] = UInt8(min(255, max(0, level)))
    }
    return pixels
}

/// The bytes of float32 numbers, as the interpreter takes them.
func data(of floats: [Float32]) -> Data {
    floats.withUnsafeBufferPointer { Data(buffer: $0) }
}
