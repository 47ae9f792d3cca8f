plugins {
    // From 9.0 it compiles Kotlin by itself, without a plugin of Kotlin's.
    id("com.android.application") version "9.0.0" apply false
}
