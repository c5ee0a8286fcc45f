// QUOIT.PLAN and its kin: changes of the ring. What they answer with: shared/admin/change_report.h.
#include "node/server/plan_command.h"
#include "node/server/server_commands.h"

#include "shared/admin/change_report.h"

namespace quoit {

namespace {

/// Changes the map, and answers when the new one is chosen and on this node's disk.
class MapCommand final : public LongCommand
{
public:
    MapCommand(LongCommandDesk& longDesk, Session& session, ChangeBook::Builder builder)
        : LongCommand(longDesk, session)
        , m_builder(std::move(builder))
    {}

    void start() override { desk().askMap(shared_from_this(), std::move(m_builder)); }

    void onMap(ChangeCompletion completion) override
    {
        answer([&completion](RespWriter& reply) {
            if (completion.problem.empty())
                reply.simpleString("OK");
            else
                reply.error((completion.status == CompletionStatus::Unknown ? "UNKNOWN " : "ERR ") + completion.problem);
        });
    }

private:
    ChangeBook::Builder m_builder;
};

void start(CommandCall& call, ChangeBook::Builder builder)
{
    call.start(std::make_shared<MapCommand>(call.desk, call.session, std::move(builder)));
}

void plan(CommandCall& call)
{
    if (!call.needsCluster())
        return;
    Result<ChangeBook::Wanted> wanted = ChangeBook::parse(*call.node.core()->map(), {call.arguments.begin() + 1, call.arguments.end()});
    if (wanted)
        call.start(std::make_shared<PlanCommand>(call.node, call.desk, call.session, std::move(wanted).value()));
    else
        call.reply().error("ERR " + wanted.error().message);
}

/// @return 0 unless it is a whole number above 0
std::uint64_t numberOf(std::string_view text)
{
    std::uint64_t number = 0;
    for (const char c : text) {
        if (c < '0' || c > '9' || number > 100'000'000'000'000'000)
            return 0;
        number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return number;
}

void apply(CommandCall& call)
{
    if (!call.needsCluster())
        return;
    const std::uint64_t number = numberOf(call.argument(1));
    if (number == 0)
        return call.reply().error("ERR '" + std::string(call.argument(1).substr(0, 100)) +
                                  "' is no plan's number; plan again: QUOIT.PLAN tells one");
    const Result<ChangeBook::Builder> builder = call.node.changeBook().apply(*call.node.core()->map(), number);
    if (builder)
        start(call, builder.value());
    else
        call.reply().error("ERR " + builder.error().message);
}

/// Without a number the change in progress, with one that or one that waits.
void abort(CommandCall& call)
{
    if (!call.needsCluster() || !call.needs(1, 2))
        return;
    const std::uint64_t number = call.arguments.size() > 1 ? numberOf(call.argument(1)) : 0;
    if (call.arguments.size() > 1 && number == 0) {
        call.reply().error("ERR a change is named by its number; see QUOIT.CHANGES");
        return;
    }
    start(call, [number, nowMs = call.node.now().wallMs](const ClusterMap& map) -> Result<ClusterMapPtr> {
        if (number == 0 || (map.isChanging() && map.parts().change->wanted.number == number))
            return abortChange(map, nowMs);
        for (const EndedChange& ended : map.parts().ended)
            if (ended.number == number)
                return Error{ErrorCode::Refused, "change " + std::to_string(number) + " is over (" + toText(ended.outcome) +
                                                     "): it can't be aborted; plan a change that undoes it"};
        if (std::ranges::find(map.parts().queue, number, &WantedChange::number) == map.parts().queue.end())
            return Error{ErrorCode::Refused, "no change has the number " + std::to_string(number) + "; QUOIT.CHANGES lists them"};
        return abortWaiting(map, number, nowMs);
    });
}

void setPaused(CommandCall& call, bool paused)
{
    if (!call.needsCluster())
        return;
    start(call, [paused](const ClusterMap& map) -> Result<ClusterMapPtr> {
        if (!map.isChanging())
            return Error{ErrorCode::Refused, "no change of the ring is in progress"};
        if (map.isAborting())
            return Error{ErrorCode::Refused, "the change is being aborted: nothing is copied any more"};
        if (map.parts().change->paused == paused)
            return Error{ErrorCode::Refused, paused ? "the change is paused already" : "the change isn't paused"};
        return ChangeBook::withPause(map, paused);
    });
}

void throttle(CommandCall& call)
{
    constexpr std::uint64_t most = 100'000;
    if (!call.needsCluster())
        return;
    const std::uint64_t rate = numberOf(call.argument(1));
    if ((rate == 0 && call.argument(1) != "0") || rate > most) {
        call.reply().error("ERR the limit must be a whole number of MB/s, 0 (none) to 100000");
        return;
    }
    start(call, [rate](const ClusterMap& map) -> Result<ClusterMapPtr> {
        ClusterMapParts parts = map.parts();
        ++parts.revision;
        parts.copyMegabytesPerSecond = static_cast<std::uint32_t>(rate);
        return ClusterMap::make(std::move(parts));
    });
}

void changes(CommandCall& call)
{
    if (call.needsCluster())
        call.reply().write(toResp(ChangeBook::changes(*call.node.core()->map(),
                                                      call.node.view().nodes(call.node.now(), call.node.core()))));
}

} // namespace

bool runChangeCommand(CommandId id, CommandCall& call)
{
    switch (id) {
    case CommandId::QuoitPlan:
        plan(call);
        return true;
    case CommandId::QuoitApply:
        apply(call);
        return true;
    case CommandId::QuoitAbort:
        abort(call);
        return true;
    case CommandId::QuoitPause:
        setPaused(call, true);
        return true;
    case CommandId::QuoitResume:
        setPaused(call, false);
        return true;
    case CommandId::QuoitThrottle:
        throttle(call);
        return true;
    case CommandId::QuoitChanges:
        changes(call);
        return true;
    default:
        return false;
    }
}

} // namespace quoit
