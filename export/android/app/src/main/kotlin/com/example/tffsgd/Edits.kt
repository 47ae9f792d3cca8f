package com.example.tffsgd

private val OPPOSITES =
    mapOf("feminine" to "masculine", "older" to "younger", "smile" to "frown")

/** The other end of an axis: what lies to its left on a slider. */
fun oppositeOf(axis: String) = OPPOSITES[axis] ?: "not $axis"

/** How far a slider goes; the network has not learnt from more. */
const val LARGEST = 1.5f

/**
 * What the JSON beside the model says of its edits.
 *
 * @property resolution R, the side of the image in pixels.
 * @property axes Names of the E columns of `strengths`.
 * @param units What strength 1 of both ends of each axis stands for, in the network's unit;
 *   of one end, where the network has learnt one fixed edit.
 */
class Edits(val resolution: Int, val axes: List<String>, private val units: Map<String, Float>) {

    /** How far an axis's slider goes: from the photo to the edit where there is no opposite. */
    fun reachOf(axis: String): ClosedFloatingPointRange<Float> =
        if (oppositeOf(axis) in units) -LARGEST..LARGEST else 0f..1f

    /**
     * Slider positions as the network takes them.
     *
     * @param sliders One for each axis: 1 is a clear edit, -1 a clear edit of the
     *   opposite, whose unit may be another.
     * @return `[1, E]` in one array.
     */
    fun strengths(sliders: List<Float>): FloatArray {
        require(sliders.size == axes.size) { "${axes.size} sliders, not ${sliders.size}" }
        return FloatArray(axes.size) { column ->
            val axis = axes[column]
            val edit = if (sliders[column] < 0) oppositeOf(axis) else axis
            sliders[column] * units.getValue(edit)
        }
    }
}
