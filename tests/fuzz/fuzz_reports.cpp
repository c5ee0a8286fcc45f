// Fuzzes what the console reads from nodes' answers: shared/admin, shared/client/address_book, and the same as JSON
// (console/terminal/json_text).
// Input: one RESP value.
#include "console/terminal/json_text.h"
#include "shared/admin/hot_keys_report.h"
#include "shared/admin/node_report.h"
#include "shared/client/address_book.h"
#include "shared/resp/reply_parser.h"
#include "shared/resp/writer.h"
#include "tests/fuzz/fuzz.h"

#include <QJsonDocument>

using namespace quoit;

namespace {

std::string bytesOf(const RespValue& value)
{
    std::string bytes;
    RespWriter(bytes, 3).write(value);
    return bytes;
}

/// What was read can be written, and read again: the same in both protocols' bytes.
template <typename Report>
void checkReport(Result<Report> (*read)(const RespValue&), const RespValue& value)
{
    const Result<Report> report = read(value);
    if (!report) {
        FUZZ_CHECK(!report.error().message.empty());
        return;
    }
    const RespValue written = toResp(report.value());
    const Result<Report> again = read(written);
    FUZZ_CHECK(again);
    FUZZ_CHECK(bytesOf(toResp(again.value())) == bytesOf(written));
}

void checkMap(const RespValue& value)
{
    const Result<ClusterMapPtr> map = clusterMapFromResp(value);
    if (!map)
        return;
    const Result<ClusterMapPtr> again = clusterMapFromResp(toResp(*map.value()));
    FUZZ_CHECK(again && again.value()->parts() == map.value()->parts());
}

void checkJson(const RespValue& value)
{
    const std::string json = '[' + terminal::jsonText(value) + ']';
    FUZZ_CHECK(json.find('\n') == std::string::npos);
    QJsonParseError error;
    QJsonDocument::fromJson(QByteArray::fromStdString(json), &error);
    FUZZ_CHECK(error.error == QJsonParseError::NoError);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byteCount)
{
    ReplyParser parser;
    parser.feed(fuzz::Input(data, byteCount).rest());
    const auto value = parser.next();
    if (!value)
        return 0;
    checkReport(nodeReportFromResp, *value);
    checkReport(nodeReportsFromResp, *value);
    checkReport(watchReportFromResp, *value);
    checkReport(locateReportFromResp, *value);
    checkReport(statusReportFromResp, *value);
    checkReport(identityReportFromResp, *value);
    checkReport(hotKeysReportFromResp, *value);
    checkMap(*value);
    checkJson(*value);
    for (const QString& address : addressesFromAnswer(*value, QStringLiteral("127.0.0.1")))
        FUZZ_CHECK(parseHostPort(address).has_value());
    return 0;
}
