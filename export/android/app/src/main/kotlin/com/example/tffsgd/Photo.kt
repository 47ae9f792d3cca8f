package com.example.tffsgd

import android.graphics.Bitmap
import android.graphics.ImageDecoder

/**
 * The square in the middle of a photo, upright.
 *
 * The network knows faces as FFHQ aligns them: one upright face, eyes level in the upper
 * half, chin above the lower edge. A square cut from the middle is that only if the photo
 * was framed so; an app for users finds the face and aligns it first, as
 * `tf-fsgd translate` does.
 *
 * @param side Of the result in pixels.
 */
fun squareOf(photo: ImageDecoder.Source, side: Int): Bitmap {
    val decoded =
        ImageDecoder.decodeBitmap(photo) { decoder, info, _ ->
            // Pixels have to be read, which a bitmap in the GPU's memory does not allow.
            decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE
            // Averages what the filter below would skip, and bounds the memory.
            val shorter = minOf(info.size.width, info.size.height)
            decoder.setTargetSampleSize(maxOf(1, shorter / side))
        }
    val cut = minOf(decoded.width, decoded.height)
    val left = (decoded.width - cut) / 2
    val top = (decoded.height - cut) / 2
    val square = Bitmap.createBitmap(decoded, left, top, cut, cut)
    return Bitmap.createScaledBitmap(square, side, side, true)
}
