package com.example.tffsgd

import org.junit.Assert.assertArrayEquals
import org.junit.Test

class PixelsTest {
    @Test
    fun redGreenAndBlueLieBesideEachOther() {
        val orange = 0xFFFF8000.toInt()
        val clearBlue = 0x000000FF // alpha is ignored
        val expected = floatArrayOf(1f, 128 / 127.5f - 1f, -1f, -1f, -1f, 1f)
        assertArrayEquals(expected, tensorOf(intArrayOf(orange, clearBlue)), 1e-6f)
    }

    @Test
    fun everyGreyComesBack() {
        val greys = IntArray(256) { (0xFF shl 24) or (it * 0x010101) }
        assertArrayEquals(greys, pixelsOf(tensorOf(greys)))
    }

    @Test
    fun whatLiesOutsideIsClipped() {
        val pixels = pixelsOf(floatArrayOf(-1.5f, 0f, 1.5f))
        assertArrayEquals(intArrayOf(0xFF0080FF.toInt()), pixels)
    }
}
