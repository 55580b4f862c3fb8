import pytest

from gungnir.local.schema.quantities import canonical, parse


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1024Mi", "1Gi"),
        ("1536Mi", "1536Mi"),
        ("0.5", "500m"),
        ("1.5Gi", "1536Mi"),
        ("1000m", "1"),
        ("1000000", "1M"),
        ("1e3", "1e3"),
        ("0", "0"),
        ("512", "512"),
        ("100Ki", "100Ki"),
        ("1Ki", "1Ki"),
        ("0.5Ki", "512"),
        ("-1", "-1"),
        ("1.5G", "1500M"),
        ("0.1m", "100u"),
    ],
)
def test_a_quantity_is_written_back_as_the_api_does(text: str, written: str) -> None:
    assert canonical(text) == written
    assert parse(written) == parse(text)


@pytest.mark.parametrize("text", ["", "x", "1Q", "1 Gi", "Gi", "1e", "--1"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quantities must match"):
        parse(text)
