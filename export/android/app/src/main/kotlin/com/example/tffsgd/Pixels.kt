package com.example.tffsgd

/*
 * Android's pixels and the network's tensors. Nothing of Android is used here, so that
 * tests run on any JVM.
 */

/**
 * Pixels as the network takes them.
 *
 * @param pixels ARGB, row by row, as `Bitmap.getPixels` gives them; alpha is ignored.
 * @return `[1, R, R, 3]` in one array: red, green and blue of a pixel beside each other,
 *   in [-1, 1].
 */
fun tensorOf(pixels: IntArray): FloatArray {
    val tensor = FloatArray(3 * pixels.size)
    pixels.forEachIndexed { index, pixel ->
        tensor[3 * index] = fromByte(pixel shr 16)
        tensor[3 * index + 1] = fromByte(pixel shr 8)
        tensor[3 * index + 2] = fromByte(pixel)
    }
    return tensor
}

/**
 * What the network returned, as pixels.
 *
 * @param tensor As `tensorOf` returns it; what lies outside [-1, 1] is clipped.
 * @return Opaque ARGB, row by row.
 */
fun pixelsOf(tensor: FloatArray): IntArray =
    IntArray(tensor.size / 3) { index ->
        (0xFF shl 24) or
            (toByte(tensor[3 * index]) shl 16) or
            (toByte(tensor[3 * index + 1]) shl 8) or
            toByte(tensor[3 * index + 2])
    }

private fun fromByte(byte: Int) = (byte and 0xFF) / 127.5f - 1f

private fun toByte(value: Float) = ((value + 1f) * 127.5f + 0.5f).toInt().coerceIn(0, 255)
