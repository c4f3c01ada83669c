# The service with the versions that its tests ran on. Build: docker build -t stillwater .
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
WORKDIR /src
COPY requirements/service.txt requirements/
RUN python -m venv /opt/stillwater \
 && /opt/stillwater/bin/pip install --no-cache-dir --require-hashes -r requirements/service.txt
COPY pyproject.toml README.md ./
COPY alembic alembic
COPY stillwater stillwater
RUN /opt/stillwater/bin/pip install --no-cache-dir --no-build-isolation --no-deps .

FROM ${BASE}
# git clones what is repaired; bubblewrap is the local sandbox's wall.
RUN apt-get update \
 && apt-get install -y --no-install-recommends bubblewrap git \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/stillwater /opt/stillwater
ENV PATH=/opt/stillwater/bin:$PATH PYTHONUNBUFFERED=1 STILLWATER_DB=/data/stillwater.db
# No --create-home: what it keeps lies in /data, beside the database.
RUN useradd --uid 10001 --home-dir /data --no-create-home stillwater \
 && install -d -o stillwater -g stillwater -m 0700 /data
USER stillwater
WORKDIR /data
VOLUME /data
EXPOSE 8765
# It listens beyond the container, so it starts only with a STILLWATER_TOKEN.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", "\
import json, os, urllib.request as web; \
asked = web.Request('http://127.0.0.1:8765/api/health', \
headers={'Authorization': 'Bearer ' + os.environ['STILLWATER_TOKEN']}); \
assert json.load(web.urlopen(asked, timeout=4))['status'] == 'ok'"]
ENTRYPOINT ["stillwater"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8765"]
