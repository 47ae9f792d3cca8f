package com.example.tffsgd

import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test

class EditsTest {
    private val units = mapOf("older" to 3f, "younger" to 2f, "smile" to 1.5f, "frown" to 1f)
    private val edits = Edits(256, listOf("older", "smile"), units)

    @Test
    fun eachEndOfASliderHasItsOwnUnit() {
        assertArrayEquals(floatArrayOf(-2f, 0.75f), edits.strengths(listOf(-1f, 0.5f)), 0f)
        assertArrayEquals(floatArrayOf(3f, -1.5f), edits.strengths(listOf(1f, -1.5f)), 0f)
    }

    @Test
    fun slidersInTheMiddleLeaveThePhotoAsItIs() {
        assertArrayEquals(floatArrayOf(0f, 0f), edits.strengths(listOf(0f, 0f)), 0f)
    }

    @Test
    fun aSliderWithoutAnOppositeStartsAtThePhoto() {
        val fixed = Edits(128, listOf("smile"), mapOf("smile" to 2f))
        assertEquals(0f..1f, fixed.reachOf("smile"))
        assertEquals(-LARGEST..LARGEST, edits.reachOf("smile"))
        assertArrayEquals(floatArrayOf(1f), fixed.strengths(listOf(0.5f)), 0f)
    }

    @Test
    fun asManySlidersAsAxes() {
        assertThrows(IllegalArgumentException::class.java) { edits.strengths(listOf(1f)) }
    }
}
