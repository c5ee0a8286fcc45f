// node/server/command_center.h - runs what clients send: finds the command, asks the core, writes the reply.
// Commands on different keys of one connection run side by side; one on the same key waits for an earlier one if either
// writes (key_chains.h). Split: command_center.cpp (commands), command_center_exec.cpp (transactions).
#pragma once

#include "node/commands/command_logic.h"
#include "node/commands/parse.h"
#include "node/server/admission.h"
#include "node/server/client_sessions.h"
#include "node/server/load_meter.h"
#include "node/server/log.h"
#include "node/server/long_command.h"
#include "node/server/request_table.h"
#include "shared/base/random.h"

#include <memory>
#include <string>
#include <vector>

namespace quoit {

class NodeDesk;

/// Where requests go. Answers come back to CommandCenter::on…(), never from within these calls.
class CoreGate
{
public:
    virtual ~CoreGate() = default;
    virtual void submitRead(Now now, RequestId request, std::string key, Level level) = 0;
    virtual void submitWrite(Now now, RequestId request, std::string key, std::string operation, Level level) = 0;
    virtual void submitScan(RequestId request, Position first, std::uint32_t count) = 0;
    virtual void submitCount(RequestId request) = 0;
    virtual void submitLocate(RequestId request, std::string key) = 0;
    virtual void submitMap(RequestId request, std::function<Result<ClusterMapPtr>(const ClusterMap&)> builder) = 0;
};

class CommandCenter final : public CommandRunner, private LongCommandDesk
{
public:
    /// Both outlive this. @param seed for RANDOMKEY
    CommandCenter(NodeDesk& node, CoreGate& gate, std::uint64_t seed);
    ~CommandCenter() override;

    bool run(Session& session, const std::vector<std::string_view>& arguments) override;
    void runAgain(Session& session, ChainedCommand read) override;
    const OperationLogic& logic() const { return m_logic; }

    void onCompletion(Completion completion, Now now);
    void onScanPage(ScanPage page);
    void onCount(CountResult result);
    void onLocate(LocateResult result);
    void onMap(ChangeCompletion completion);

    /// Requests that have no answer yet.
    std::size_t inFlight() const { return m_requests.count() + m_chained; }
    /// About ten times a second: how much may be in flight.
    void tick(TimePoint now) { m_admission.tick(now, m_completed, inFlight()); }

private:
    // command_center_exec.cpp: transactions
    /// True if the command was queued since MULTI, and isn't carried out now.
    bool isQueued(Session& session, const CommandSpec& spec, const std::vector<std::string_view>& arguments);
    bool runExec(Session& session);
    PendingRequest& addRequest(RequestId& id, PendingRequest::Kind kind, Session& session, std::uint64_t keyHash, bool isWrite, Level level,
                               std::uint64_t bytes, Now now);
    void submitTransaction(Session& session, const Transaction& transaction, const WatchedKey* watched);
    bool runWatch(Session& session, const CommandSpec& spec, const std::vector<std::string_view>& arguments);
    void onTransaction(PendingRequest& request, const Completion& completion, Now now);
    void onWatch(const PendingRequest& request, const Completion& completion, Now now);

    // command_center_keys.cpp: commands on several keys
    bool runOnManyKeys(Session& session, const CommandSpec& spec, std::uint64_t bytes);
    static bool isOnVeryManyKeys(const CommandSpec& spec, const std::vector<std::string_view>& arguments);
    /// True if nothing of it is under way.
    static bool isFree(Session& session);
    /// @param bytes  set to those of keys and operations. @return what is wrong with the command; empty: nothing
    std::string checkInSlices(const CommandSpec& spec, const std::vector<std::string_view>& arguments, std::uint64_t& bytes);
    bool beginOnVeryManyKeys(Session& session, const CommandSpec& spec, const std::vector<std::string_view>& arguments, std::uint64_t bytes);
    std::shared_ptr<KeyGather> gatherFor(Session& session, const CommandSpec& spec, std::size_t partCount, std::uint64_t bytes);
    /// The next of its keys, from m_operations or from its arguments.
    void takeSlice(KeyGather& gather);
    /// Hands out as many parts as may be in flight.
    void advance(const std::shared_ptr<KeyGather>& gather, Now now);
    void onPart(PendingRequest request, Completion completion, Now now);

    static std::uint64_t hashOf(std::string_view key);
    static Level levelOf(const SessionState& state, bool isWrite);
    /// @return false: refused, and the reply says so
    bool isAdmitted(Session& session, std::uint64_t bytes);
    bool runOnKeys(Session& session, const CommandSpec& spec, const std::vector<std::string_view>& arguments);
    bool runOnOneKey(Session& session, const CommandSpec& spec, KeyOperation& operation, std::uint64_t bytes);
    void submit(Session& session, std::uint64_t keyHash, ChainedCommand command);
    void submitTogether(Session& session, std::uint64_t keyHash, std::vector<ChainedCommand> commands);
    void startChained(Session& session, std::uint64_t keyHash);
    /// True if the client has no room for its reply: it is made again later, and its key stays taken.
    bool isPostponed(PendingRequest& request, const Completion& completion);
    void finish(Session& session, ReplyQueue::Ticket ticket, std::uint64_t keyHash, bool isWrite);
    void onTogether(PendingRequest& request, const Completion& completion, Now now);
    void noteIfSlow(const Session& session, std::string_view name, std::string_view key, TimePoint since, Now now);
    void runOnServer(Session& session, const CommandSpec& spec, const std::vector<std::string_view>& arguments);
    void appendReply(std::string& out, const PendingRequest& request, const Completion& completion, Now now);
    TimePoint timeOfDesk() const override;
    void answeredLong(const Session& session, std::string_view name, TimePoint since) override;
    void askScan(std::shared_ptr<LongCommand> command, Position first, std::uint32_t count) override;
    void askCount(std::shared_ptr<LongCommand> command) override;
    void askLocate(std::shared_ptr<LongCommand> command, std::string key) override;
    void askMap(std::shared_ptr<LongCommand> command, std::function<Result<ClusterMapPtr>(const ClusterMap&)> builder) override;

    NodeDesk& m_node;
    CoreGate& m_gate;
    CommandLogic m_logic;
    RequestTable m_requests;
    Admission m_admission;
    std::size_t m_chained = 0;         ///< commands that wait for others of their connection, or go with them as one request
    std::uint64_t m_bytesInFlight = 0; ///< of requests on keys
    std::uint64_t m_longReplyBytes = 0; ///< expected of writes that reply with a value
    std::uint64_t m_completed = 0;     ///< of them, carried out since the start
    CommandLimits m_limits;
    std::vector<KeyOperation> m_operations; ///< of the command at hand; kept for its memory
    Random m_random;
    LogBrake m_webRequests;
};

} // namespace quoit
