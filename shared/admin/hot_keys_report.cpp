#include "shared/admin/hot_keys_report.h"

#include "shared/admin/report_codec.h"

namespace quoit {

template <typename Visitor, typename Report>
requires std::same_as<std::remove_const_t<Report>, HotKeyReport>
static void visitFields(Visitor& visit, Report& report)
{
    visit("key", report.key);
    visit("reads-per-second", report.readsPerSecond);
    visit("reads-error", report.readsError);
    visit("writes-per-second", report.writesPerSecond);
    visit("writes-error", report.writesError);
}

static RespValue fieldToResp(const std::vector<HotKeyReport>& keys)
{
    return admin::writeReports(keys);
}

static bool fieldFromResp(const RespValue& value, std::vector<HotKeyReport>& keys)
{
    return admin::readReports(value, keys);
}

template <typename Visitor, typename Report>
requires std::same_as<std::remove_const_t<Report>, HotKeysReport>
static void visitFields(Visitor& visit, Report& report)
{
    visit("time-ms", report.timeMs);
    visit("nodes", report.nodes);
    visit("reads-per-second", report.readsPerSecond);
    visit("writes-per-second", report.writesPerSecond);
    visit("keys", report.keys);
}

RespValue toResp(const HotKeysReport& report)
{
    return admin::writeReport(report);
}

Result<HotKeysReport> hotKeysReportFromResp(const RespValue& value)
{
    return admin::readReport<HotKeysReport>(value, "hot-keys");
}

} // namespace quoit
