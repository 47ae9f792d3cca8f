package com.example.tffsgd

import android.app.Activity
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.ImageDecoder
import android.net.Uri
import android.os.Bundle
import android.os.SystemClock
import android.widget.Button
import android.widget.ImageView
import android.widget.LinearLayout
import android.widget.ScrollView
import android.widget.SeekBar
import android.widget.TextView
import com.google.ai.edge.litert.LiteRtException
import java.io.IOException
import java.util.concurrent.Executors
import java.util.concurrent.atomic.AtomicInteger
import org.json.JSONException

private const val PICK = 1
private const val STEPS = 100 // of a slider, to strength 1

/** Choose a photo, move the sliders, see the face change. */
class MainActivity : Activity() {
    private val worker = Executors.newSingleThreadExecutor()
    private val latest = AtomicInteger()
    private val sliders = mutableListOf<SeekBar>()
    private lateinit var page: LinearLayout
    private lateinit var before: ImageView
    private lateinit var after: ImageView
    private lateinit var status: TextView

    private val moved =
        object : SeekBar.OnSeekBarChangeListener {
            override fun onProgressChanged(bar: SeekBar, at: Int, byUser: Boolean) = translate()

            override fun onStartTrackingTouch(bar: SeekBar) = Unit

            override fun onStopTrackingTouch(bar: SeekBar) = Unit
        }

    // The worker's own.
    private var translator: Translator? = null
    private var photo: IntArray? = null

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        page = LinearLayout(this).apply { orientation = LinearLayout.VERTICAL }
        page.addView(Button(this).apply { text = "Choose a photo"; setOnClickListener { pick() } })
        before = picture("The square in the middle of the photo")
        after = picture("The edited face")
        page.addView(LinearLayout(this).apply { addView(before); addView(after) })
        status = TextView(this).apply { text = "One face, upright, filling the middle" }
        page.addView(status)
        setContentView(ScrollView(this).apply { fitsSystemWindows = true; addView(page) })
        worker.execute {
            reporting {
                val opened = Translator(assets)
                translator = opened
                runOnUiThread { addSliders(opened.edits) }
            }
        }
    }

    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        super.onActivityResult(request, result, data)
        val uri = data?.data
        if (request == PICK && result == RESULT_OK && uri != null) worker.execute { open(uri) }
    }

    override fun onDestroy() {
        worker.execute { translator?.close(); translator = null }
        worker.shutdown()
        super.onDestroy()
    }

    private fun pick() =
        startActivityForResult(Intent(Intent.ACTION_GET_CONTENT).setType("image/*"), PICK)

    private fun picture(description: String) =
        ImageView(this).apply {
            contentDescription = description
            adjustViewBounds = true
            layoutParams = LinearLayout.LayoutParams(0, LinearLayout.LayoutParams.WRAP_CONTENT, 1f)
        }

    private fun addSliders(edits: Edits) {
        for (axis in edits.axes) {
            val reach = edits.reachOf(axis)
            val opposite = if (reach.start == 0f) "original" else oppositeOf(axis)
            val slider = SeekBar(this)
            slider.min = (reach.start * STEPS).toInt()
            slider.max = (reach.endInclusive * STEPS).toInt()
            slider.progress = 0
            slider.contentDescription = "$opposite to $axis"
            slider.setOnSeekBarChangeListener(moved)
            sliders += slider
            page.addView(TextView(this).apply { text = "← $opposite   $axis →" })
            page.addView(slider)
        }
    }

    /** On the worker: reads a photo and shows it. */
    private fun open(uri: Uri) = reporting {
        val side = translator?.edits?.resolution ?: return@reporting
        val square = squareOf(ImageDecoder.createSource(contentResolver, uri), side)
        photo = IntArray(side * side).also { square.getPixels(it, 0, side, 0, 0, side, side) }
        runOnUiThread {
            before.setImageBitmap(square)
            translate()
        }
    }

    /** Asks the worker for the photo at the sliders' positions, unless they move on. */
    private fun translate() {
        val turn = latest.incrementAndGet()
        val positions = sliders.map { it.progress / STEPS.toFloat() }
        worker.execute {
            if (turn != latest.get()) return@execute
            reporting {
                val network = translator ?: return@reporting
                val pixels = photo ?: return@reporting
                val side = network.edits.resolution
                val start = SystemClock.elapsedRealtimeNanos()
                val edited = network.translate(pixels, positions)
                val milliseconds = (SystemClock.elapsedRealtimeNanos() - start) / 1_000_000
                val shown = Bitmap.createBitmap(edited, side, side, Bitmap.Config.ARGB_8888)
                runOnUiThread {
                    after.setImageBitmap(shown)
                    status.text = "$milliseconds ms"
                }
            }
        }
    }

    /** Shows what went wrong with a file or the runtime, instead of ending the app. */
    private fun reporting(work: () -> Unit) {
        try {
            work()
        } catch (error: IOException) {
            show(error)
        } catch (error: JSONException) {
            show(error)
        } catch (error: LiteRtException) {
            show(error)
        }
    }

    private fun show(error: Exception) = runOnUiThread { status.text = "Failed: ${error.message}" }
}
