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
    fun aModelOfOneEditHasNoStrengths() {
        assertEquals(0, Edits(128, emptyList(), emptyMap()).strengths(emptyList()).size)
    }

    @Test
    fun asManySlidersAsAxes() {
        assertThrows(IllegalArgumentException::class.java) { edits.strengths(listOf(1f)) }
    }
}
