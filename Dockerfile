# The Python that the tests run on.
FROM python:3.11-slim

# start.sh finds everything installed; the embedded database and its keys go to the volume.
ENV REQUIREMENTS_INSTALLED=1 \
    PYTHONUNBUFFERED=1 \
    DATA_DIR=/data

RUN useradd --uid 10001 --create-home bot \
    && install --directory --owner=bot --group=bot --mode=700 /data

WORKDIR /app

# Before the code, so that a change of code does not install anything again.
COPY requirements.txt .
RUN python3 -m pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
    --requirement requirements.txt

COPY . .
# The user of the bot may not write here, so what is compiled has to be there.
RUN python3 -m compileall -q alembic bot core utils sandbox main.py

# No VOLUME line: Railway builds no image that has one. Mount /data where you run it.
USER bot
CMD ["./start.sh"]
