// Fuzzes how the terminal shows foreign bytes: console/terminal/text, json_text.
// Input: columns u8, then a text.
#include "console/terminal/json_text.h"
#include "console/terminal/text.h"
#include "tests/fuzz/fuzz.h"

#include <QByteArray>
#include <QJsonArray>
#include <QJsonDocument>

using namespace quoit;
using namespace quoit::terminal;

namespace {

bool hasControls(std::string_view text)
{
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 || c == 0x7f)
            return true;
        if (c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0)
            return true; // U+0080 ... U+009F: some terminals obey these, too
    }
    return false;
}

void checkJson(std::string_view text)
{
    QJsonParseError error;
    const QJsonDocument document =
        QJsonDocument::fromJson(QByteArray::fromStdString('[' + jsonString(text) + ']'), &error);
    FUZZ_CHECK(error.error == QJsonParseError::NoError);
    if (isUtf8(text))
        FUZZ_CHECK(document.array().at(0).toString().toUtf8().toStdString() == text);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byteCount)
{
    fuzz::Input input(data, byteCount);
    const std::size_t columns = input.u8() % 16;
    const std::string_view text = input.rest();

    FUZZ_CHECK(isUtf8(text) == QByteArray::fromRawData(text.data(), static_cast<qsizetype>(text.size())).isValidUtf8());
    const std::string shown = printable(text);
    FUZZ_CHECK(isUtf8(shown) && !hasControls(shown));
    FUZZ_CHECK(isUtf8(readable(text)));
    for (const std::string& line : fuzz::linesOf(readable(text)))
        FUZZ_CHECK(!hasControls(line) || line.find('\t') != std::string::npos);
    const std::string cut = cutToColumns(text, columns);
    FUZZ_CHECK(columnsOf(cut) <= columns);
    FUZZ_CHECK(columnsOf(text) > columns || cut == text);
    checkJson(text);
    return 0;
}
