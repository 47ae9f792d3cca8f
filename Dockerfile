# A worker of Apache Beam (docs/beam.md), and any command:
#   docker build -t tf-fsgd .
#   docker run --entrypoint tf-fsgd -v "$PWD:/work" -w /work tf-fsgd train
FROM python:3.11-slim

# What starts a worker for Flink, Spark or Dataflow; of requirements-cluster.txt's version.
COPY --from=apache/beam_python3.11_sdk:2.77.0 /opt/apache/beam /opt/apache/beam

WORKDIR /opt/tf_fsgd
COPY requirements.txt requirements-cluster.txt ./
RUN pip install --no-cache-dir -r requirements.txt -r requirements-cluster.txt
COPY . .
RUN pip install --no-cache-dir --no-deps .

# The embedded teacher, so that a hundred workers do not all fetch it.
ENV TF_FSGD_CACHE=/opt/cache
RUN python -c "import tf_fsgd; tf_fsgd.load_teacher()" && chmod -R a+rwX /opt/cache

ENTRYPOINT ["/opt/apache/beam/boot"]
