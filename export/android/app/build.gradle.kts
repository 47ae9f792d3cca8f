plugins { id("com.android.application") }

android {
    namespace = "com.example.tffsgd"
    compileSdk = 36

    defaultConfig {
        applicationId = "com.example.tffsgd"
        minSdk = 28 // ImageDecoder, which turns photos as EXIF says; LiteRT asks for 24
        targetSdk = 36
        versionCode = 1
        versionName = "1.0"
    }

    // LiteRT maps the model from the APK, which needs its bytes as they are.
    androidResources { noCompress += "tflite" }
}

dependencies {
    implementation("com.google.ai.edge.litert:litert:2.3.0")
    testImplementation("junit:junit:4.13.2")
}
