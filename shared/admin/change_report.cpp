#include "shared/admin/change_report.h"

#include "shared/admin/report_codec.h"

namespace quoit {

template <typename Visitor, typename Report>
requires std::same_as<std::remove_const_t<Report>, PlanNodeReport>
static void visitFields(Visitor& visit, Report& node)
{
    visit("id", node.id);
    visit("name", node.name);
    visit("part", node.part);
    visit("partitions-before", node.partitionsBefore);
    visit("partitions-after", node.partitionsAfter);
    visit("partitions-to-copy", node.partitionsToCopy);
    visit("bytes-to-copy", node.bytesToCopy);
}

template <typename Visitor, typename Report>
requires std::same_as<std::remove_const_t<Report>, CopyReport>
static void visitFields(Visitor& visit, Report& node)
{
    visit("node", node.node);
    visit("partitions-to-copy", node.partitionsToCopy);
    visit("partitions-copied", node.partitionsCopied);
    visit("bytes-copied", node.bytesCopied);
}

template <typename Visitor, typename Report>
requires std::same_as<std::remove_const_t<Report>, WaitingChangeReport>
static void visitFields(Visitor& visit, Report& change)
{
    visit("number", change.number);
    visit("text", change.text);
}

template <typename Visitor, typename Report>
requires std::same_as<std::remove_const_t<Report>, EndedChangeReport>
static void visitFields(Visitor& visit, Report& change)
{
    visit("number", change.number);
    visit("outcome", change.outcome);
    visit("text", change.text);
    visit("epoch", change.epoch);
    visit("ended-ms", change.endedMs);
    visit("partitions-to-copy", change.partitionsToCopy);
}

template <typename Report>
concept ListedReport = std::same_as<Report, PlanNodeReport> || std::same_as<Report, CopyReport> ||
                       std::same_as<Report, WaitingChangeReport> || std::same_as<Report, EndedChangeReport>;

template <ListedReport Report>
static RespValue fieldToResp(const std::vector<Report>& reports)
{
    return admin::writeReports(reports);
}

template <ListedReport Report>
static bool fieldFromResp(const RespValue& value, std::vector<Report>& reports)
{
    return admin::readReports(value, reports);
}

/// Sentences, in a struct so that the codec finds them by their namespace.
struct Sentences
{
    std::vector<std::string> texts;
};

static RespValue fieldToResp(const Sentences& sentences)
{
    std::vector<RespValue> elements;
    for (const std::string& text : sentences.texts)
        elements.push_back(RespValue::bulk(text));
    return RespValue::array(std::move(elements));
}

static bool fieldFromResp(const RespValue& value, Sentences& sentences)
{
    for (const RespValue& element : value.elements) {
        if (!element.isString())
            return false;
        sentences.texts.push_back(element.text);
    }
    return true;
}

/// PlanReport with its risks as the codec wants them.
struct CodedPlan : PlanReport
{
    Sentences sentences;
};

template <typename Visitor, typename Report>
requires std::same_as<std::remove_const_t<Report>, CodedPlan>
static void visitFields(Visitor& visit, Report& plan)
{
    visit("number", plan.number);
    visit("text", plan.text);
    visit("epoch", plan.epoch);
    visit("partitions-moved", plan.partitionsMoved);
    visit("moved-share", plan.movedShare);
    visit("bytes-moved", plan.bytesMoved);
    visit("seconds-estimated", plan.secondsEstimated);
    visit("balance-before", plan.balanceBefore);
    visit("balance-after", plan.balanceAfter);
    visit("nodes", plan.nodes);
    visit("risks", plan.sentences);
    visit("ring-after", plan.ringAfter);
}

template <typename Visitor, typename Report>
requires std::same_as<std::remove_const_t<Report>, ChangesReport>
static void visitFields(Visitor& visit, Report& report)
{
    visit("state", report.state);
    visit("number", report.number);
    visit("text", report.text);
    visit("epoch", report.epoch);
    visit("partitions-to-copy", report.partitionsToCopy);
    visit("partitions-copied", report.partitionsCopied);
    visit("bytes-copied", report.bytesCopied);
    visit("copy-megabytes-per-second", report.copyMegabytesPerSecond);
    visit("nodes", report.nodes);
    visit("queue", report.queue);
    visit("ended", report.ended);
}

RespValue toResp(const PlanReport& report)
{
    CodedPlan coded{report, {report.risks}};
    return admin::writeReport(coded);
}

RespValue toResp(const ChangesReport& report)
{
    return admin::writeReport(report);
}

Result<PlanReport> planReportFromResp(const RespValue& value)
{
    Result<CodedPlan> coded = admin::readReport<CodedPlan>(value, "plan");
    if (!coded)
        return coded.error();
    PlanReport report = coded.value();
    report.risks = coded.value().sentences.texts;
    return report;
}

Result<ChangesReport> changesReportFromResp(const RespValue& value)
{
    return admin::readReport<ChangesReport>(value, "changes");
}

} // namespace quoit
