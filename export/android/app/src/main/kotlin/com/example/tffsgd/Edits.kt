package com.example.tffsgd

/** The other end of each axis: to its left on a slider. */
val OPPOSITES = mapOf("feminine" to "masculine", "older" to "younger", "smile" to "frown")

/** How far a slider goes; the network has not learnt from more. */
const val LARGEST = 1.5f

/**
 * What the JSON beside the model says of its edits.
 *
 * @property resolution R, the side of the image in pixels.
 * @property axes Names of the E columns of `strengths`; none for a model of one edit.
 * @property units What strength 1 of each edit stands for, in the network's unit.
 */
class Edits(val resolution: Int, val axes: List<String>, private val units: Map<String, Float>) {

    /** What lies to the left of an axis' slider. */
    fun opposite(axis: String) = OPPOSITES[axis] ?: "not $axis"

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
            val edit = if (sliders[column] < 0) opposite(axis) else axis
            sliders[column] * units.getValue(edit)
        }
    }
}
