#!/usr/bin/env bash
# Whether a model is ready: healthy.sh MODEL [PORT]. The image has bash and grep, but
# neither curl nor wget.
set -eu
exec 3<>"/dev/tcp/127.0.0.1/${2:-8501}"
printf 'GET /v1/models/%s HTTP/1.0\r\nConnection: close\r\n\r\n' "$1" >&3
grep -q '"state": "AVAILABLE"' <&3
