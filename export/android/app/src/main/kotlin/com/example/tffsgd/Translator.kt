package com.example.tffsgd

import android.content.res.AssetManager
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import org.json.JSONObject

private const val MODEL = "translator.tflite"
private const val FACTS = "translator.json"
private const val SIGNATURE = "serving_default"
private const val IMAGE = "image"
private const val STRENGTHS = "strengths"
private const val THREADS = 2

/**
 * The exported network on the CPU. To be used from one thread.
 *
 * Tensors are bound by name: in which order a file lists `image` and `strengths` is the
 * converter's business.
 */
class Translator(assets: AssetManager) : AutoCloseable {
    val edits = editsOf(assets.open(FACTS).bufferedReader().use { it.readText() })

    private val model =
        CompiledModel.create(
            assets,
            MODEL,
            CompiledModel.Options(Accelerator.CPU).apply {
                cpuOptions = CompiledModel.CpuOptions(numThreads = THREADS)
            },
        )
    private val image = model.createInputBuffer(IMAGE, SIGNATURE)
    private val strengths = model.createInputBuffer(STRENGTHS, SIGNATURE)
    private val translated = model.createOutputBuffer(IMAGE, SIGNATURE)

    /**
     * Edits a photo.
     *
     * @param pixels R * R of them, as `tensorOf` takes them.
     * @param sliders As `Edits.strengths` takes them.
     * @return R * R pixels.
     */
    fun translate(pixels: IntArray, sliders: List<Float>): IntArray {
        image.writeFloat(tensorOf(pixels))
        strengths.writeFloat(edits.strengths(sliders))
        val inputs = mapOf(IMAGE to image, STRENGTHS to strengths)
        model.run(inputs, mapOf(IMAGE to translated), SIGNATURE)
        return pixelsOf(translated.readFloat())
    }

    override fun close() {
        listOf(image, strengths, translated, model).forEach { it.close() }
    }
}

private fun editsOf(text: String): Edits {
    val facts = JSONObject(text)
    val names = facts.getJSONArray("axes")
    val axes = List(names.length()) { names.getString(it) }
    val listed = facts.getJSONObject("units")
    val ends = axes + axes.map(::oppositeOf).filter(listed::has)
    val units = ends.associateWith { listed.getDouble(it).toFloat() }
    return Edits(facts.getInt("resolution"), axes, units)
}
