# Boot the template that dist/ has, with the packages of this clone, where the C library is musl: in Alpine's container.
set -e
python -m pip install --no-index --find-links dist cs-template
cd packages
python -m pip install ./cs-manifest ./cs-lock ./cs-bundle ./cs-stamp ./cs-cli
python ../tools/smoke.py
