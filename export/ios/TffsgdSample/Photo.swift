import UIKit

/// The square in the middle of a photo, upright.
///
/// The network knows faces as FFHQ aligns them: one upright face, eyes level in the upper
/// half, chin above the lower edge. A square cut from the middle is that only if the photo
/// was framed so; an app for users finds the face and aligns it first, as
/// `tf-fsgd translate` does.
///
/// - Parameter side: Of the result in pixels.
func square(of photo: UIImage, side: Int) -> UIImage {
    let format = UIGraphicsImageRendererFormat()
    format.scale = 1
    format.opaque = true
    let side = CGFloat(side)
    let scale = side / min(photo.size.width, photo.size.height)
    let drawn = CGSize(width: photo.size.width * scale, height: photo.size.height * scale)
    let corner = CGPoint(x: (side - drawn.width) / 2, y: (side - drawn.height) / 2)
    let renderer = UIGraphicsImageRenderer(size: CGSize(width: side, height: side), format: format)
    return renderer.image { context in
        context.cgContext.interpolationQuality = .high
        photo.draw(in: CGRect(origin: corner, size: drawn)) // turns it as EXIF says
    }
}

/// Red, green, blue and a fourth byte of each pixel, row by row.
func pixels(of square: UIImage) -> [UInt8] {
    guard let image = square.cgImage else { return [] }
    var bytes = [UInt8](repeating: 0, count: 4 * image.width * image.height)
    bytes.withUnsafeMutableBytes { buffer in
        let whole = CGRect(x: 0, y: 0, width: image.width, height: image.height)
        bitmap(buffer.baseAddress, side: image.width)?.draw(image, in: whole)
    }
    return bytes
}

/// The picture of R * R pixels, as `pixels(of:)` returns them.
func picture(of pixels: [UInt8], side: Int) -> UIImage? {
    var pixels = pixels
    return pixels.withUnsafeMutableBytes { buffer in
        bitmap(buffer.baseAddress, side: side)?.makeImage().map { UIImage(cgImage: $0) }
    }
}

private func bitmap(_ bytes: UnsafeMutableRawPointer?, side: Int) -> CGContext? {
    CGContext(
        data: bytes,
        width: side,
        height: side,
        bitsPerComponent: 8,
        bytesPerRow: 4 * side,
        space: CGColorSpace(name: CGColorSpace.sRGB) ?? CGColorSpaceCreateDeviceRGB(),
        bitmapInfo: CGImageAlphaInfo.noneSkipLast.rawValue
    )
}
