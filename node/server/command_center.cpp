#include "node/server/command_center.h"

#include "node/server/key_gather.h"
#include "node/server/node_desk.h"
#include "node/server/server_commands.h"

#include <algorithm>
#include <span>
#include <xxhash.h>

namespace quoit {

namespace {

// Parts of one command that are under way at the same time, so that a huge MGET holds a bounded amount of memory in the
// core.
constexpr std::size_t partsInFlightMax = 128;
// A command that has gathered less isn't refused for the sake of others.
constexpr std::size_t gatheredBytesKept = 1024 * 1024;
// A command on more keys has its connection for itself instead of registering each of them.
constexpr std::size_t registeredKeysMax = 64;

std::uint64_t hashOf(std::string_view key)
{
    return XXH3_64bits(key.data(), key.size());
}

Level levelOf(const SessionState& state, bool isWrite)
{
    if (!isWrite)
        return state.readLevel();
    return state.level == Level::All ? Level::All : Level::Quorum;
}

bool hasDuplicates(std::vector<std::uint64_t> hashes)
{
    std::sort(hashes.begin(), hashes.end());
    return std::adjacent_find(hashes.begin(), hashes.end()) != hashes.end();
}

} // namespace

CommandCenter::CommandCenter(NodeDesk& node, CoreGate& gate, std::uint64_t seed)
    : m_node(node)
    , m_gate(gate)
    , m_random(seed)
{}

CommandCenter::~CommandCenter() = default;

bool CommandCenter::run(Session& session, const std::vector<std::string_view>& arguments)
{
    const CommandSpec* spec = findCommand(arguments[0]);
    const auto refuse = [&session](std::string_view error) {
        if (session.state().transaction)
            session.state().transaction->spoil();
        RespWriter(session.replies().immediate(), session.state().protocol).error(error);
        return true;
    };
    if (!spec)
        return refuse(unknownCommandError(arguments));
    if (const CommandSpec* const subcommand = findKeySubcommand(*spec, arguments))
        spec = subcommand;
    session.state().lastCommand = spec->name;
    if (!arityFits(*spec, arguments.size()))
        return refuse(arityError(*spec));
    if (session.state().transaction && isQueued(session, *spec, arguments))
        return true;
    if (spec->id == CommandId::Exec)
        return runExec(session);
    if (spec->kind == CommandKind::Server) {
        m_node.meter().command();
        runOnServer(session, *spec, arguments);
        return true;
    }
    if (!m_node.core())
        return refuse("CLUSTERDOWN this node is not part of a cluster yet; form one with: quoit create ADDRESS...");
    return runOnKeys(session, *spec, arguments);
}

bool CommandCenter::isQueued(Session& session, const CommandSpec& spec, const std::vector<std::string_view>& arguments)
{
    switch (spec.id) {
    case CommandId::Multi:
    case CommandId::Exec:
    case CommandId::Discard:
    case CommandId::Reset:
    case CommandId::Quit:
        return false;
    default:
        break;
    }
    m_node.meter().command();
    Transaction& transaction = *session.state().transaction;
    transaction.queue(arguments);
    RespWriter reply(session.replies().immediate(), session.state().protocol);
    if (transaction.heldBytes() > SessionMemory::smallBytes && m_node.sessions().memory().isInputShort()) {
        transaction.spoil();
        reply.error(errorTextOf(CompletionStatus::Busy));
    } else {
        reply.simpleString("QUEUED");
    }
    return true;
}

/// EXEC: the one command that was queued, on one key, which is atomic as it always is; anything else is refused.
bool CommandCenter::runExec(Session& session)
{
    if (session.unanswered() > 0)
        return false; // so that the command never has to wait for others once its reply has begun
    m_node.meter().command();
    const std::unique_ptr<Transaction> transaction = std::move(session.state().transaction);
    const auto writer = [&session] { return RespWriter(session.replies().immediate(), session.state().protocol); };
    if (!transaction) {
        writer().error("ERR EXEC without MULTI");
    } else if (transaction->isSpoiled()) {
        writer().error("EXECABORT Transaction discarded because of previous errors.");
    } else if (transaction->count() == 0) {
        writer().arrayHeader(0);
    } else {
        const std::vector<std::string_view> command(transaction->command().begin(), transaction->command().end());
        if (transaction->count() > 1 || keyArguments(*findCommand(command.front()), command).size() > 1) {
            writer().error("EXECABORT Transaction discarded, nothing was changed: a transaction may have one command on one key. Send the "
                           "commands without MULTI (redis-py: pipeline(transaction=False)); to change a key only if it is as you have "
                           "read it, use QUOIT.GETV and QUOIT.CAS");
            return true;
        }
        writer().arrayHeader(1);
        QUOIT_ENSURE(run(session, command));
    }
    return true;
}

bool CommandCenter::runOnKeys(Session& session, const CommandSpec& spec, const std::vector<std::string_view>& arguments)
{
    m_operations.clear();
    const std::string error = parseCommand(spec, arguments, m_limits, m_operations);
    if (!error.empty()) {
        m_node.meter().command();
        RespWriter(session.replies().immediate(), session.state().protocol).error(error);
        return true;
    }
    std::uint64_t bytes = 0;
    for (const KeyOperation& operation : m_operations)
        bytes += operation.key.size() + operation.operation.size();
    if (!m_admission.admits(m_requests.count(), m_bytesInFlight, bytes)) {
        m_node.meter().command();
        m_node.meter().refused();
        m_node.sessions().noteRefusal();
        RespWriter(session.replies().immediate(), session.state().protocol).error(errorTextOf(CompletionStatus::Busy));
        return true;
    }
    if (spec.combine != Combine::Single)
        return runOnManyKeys(session, spec, bytes);
    const std::uint64_t keyHash = hashOf(m_operations.front().key);
    if (session.keys().conflicts(keyHash, spec.kind == CommandKind::KeyWrite))
        return false;
    runOnOneKey(session, spec, m_operations.front(), keyHash, bytes);
    return true;
}

void CommandCenter::runOnOneKey(Session& session, const CommandSpec& spec, KeyOperation& operation,
                                std::uint64_t keyHash, std::uint64_t bytes)
{
    m_node.meter().command();
    const Now now = m_node.now();
    const bool isWrite = spec.kind == CommandKind::KeyWrite;
    m_node.hotKeys().note(operation.key, keyHash, isWrite);
    session.keys().add(keyHash, isWrite);
    RequestId id = 0;
    PendingRequest& request = m_requests.add(id);
    request.kind = isWrite ? PendingRequest::Kind::Write : PendingRequest::Kind::Read;
    request.isWrite = isWrite;
    request.spec = &spec;
    request.level = levelOf(session.state(), isWrite);
    request.protocol = static_cast<std::uint8_t>(session.state().protocol);
    request.session = &session;
    request.ticket = session.openTicket();
    request.keyHash = keyHash;
    request.bytes = bytes;
    m_bytesInFlight += bytes;
    request.since = now.monotonic;
    if (isWrite) {
        m_gate.submitWrite(now, id, std::string(operation.key), std::move(operation.operation), request.level);
    } else {
        request.operation = std::move(operation.operation);
        m_gate.submitRead(now, id, std::string(operation.key), request.level);
    }
}

bool CommandCenter::runOnManyKeys(Session& session, const CommandSpec& spec, std::uint64_t bytes)
{
    const bool isWrite = spec.kind == CommandKind::KeyWrite;
    std::vector<std::uint64_t> hashes;
    hashes.reserve(m_operations.size());
    for (const KeyOperation& operation : m_operations)
        hashes.push_back(hashOf(operation.key));
    const bool exclusive = hashes.size() > registeredKeysMax;
    const bool waits =
        exclusive ? !session.keys().empty() : std::any_of(hashes.begin(), hashes.end(), [&](std::uint64_t hash) {
            return session.keys().conflicts(hash, isWrite);
        });
    if (waits)
        return false;

    m_node.meter().command();
    const Now now = m_node.now();
    auto gather = std::make_shared<KeyGather>();
    gather->session = &session;
    gather->ticket = session.openTicket();
    gather->spec = &spec;
    gather->level = levelOf(session.state(), isWrite);
    gather->bytes = bytes;
    m_bytesInFlight += bytes;
    gather->combine = spec.combine;
    gather->isWrite = isWrite;
    gather->isExclusive = exclusive;
    gather->protocol = session.state().protocol;
    gather->since = now.monotonic;
    // The same key twice in a writing command: in the order of the arguments, so one after the other.
    gather->inFlightMax = isWrite && hasDuplicates(hashes) ? 1 : partsInFlightMax;
    for (std::size_t i = 0; i < hashes.size(); ++i)
        m_node.hotKeys().note(m_operations[i].key, hashes[i], isWrite);
    for (KeyOperation& operation : m_operations)
        gather->parts.emplace_back(std::string(operation.key), std::move(operation.operation));
    gather->keyHashes = std::move(hashes);
    if (exclusive) {
        session.keys().setExclusive(true);
    } else {
        for (const std::uint64_t hash : gather->keyHashes)
            session.keys().add(hash, isWrite);
    }
    advance(gather, now);
    return true;
}

void CommandCenter::advance(const std::shared_ptr<KeyGather>& gather, Now now)
{
    const SessionState& state = gather->session->state();
    // Nobody waits for the rest of a reading command whose client is gone; a writing one is carried through.
    if (gather->session->isClosed() && !gather->isWrite)
        gather->next = gather->parts.size();
    SessionMemory& memory = m_node.sessions().memory();
    while (gather->next < gather->parts.size() && gather->inFlight < gather->inFlightMax && gather->hasRoomForPart()) {
        if (!gather->isWrite && gather->inFlight > 0 && memory.isTurnFull(false))
            break; // onPart() goes on
        auto& [key, operation] = gather->parts[gather->next];
        RequestId id = 0;
        PendingRequest& request = m_requests.add(id);
        request.kind = PendingRequest::Kind::Part;
        request.isWrite = gather->isWrite;
        request.spec = gather->spec;
        request.level = levelOf(state, gather->isWrite);
        request.protocol = static_cast<std::uint8_t>(gather->protocol);
        request.part = static_cast<std::uint32_t>(gather->next);
        request.gather = gather;
        ++gather->next;
        ++gather->inFlight;
        if (gather->isWrite) {
            m_gate.submitWrite(now, id, std::move(key), std::move(operation), request.level);
        } else {
            request.operation = std::move(operation);
            m_gate.submitRead(now, id, std::move(key), request.level);
        }
    }
}

void CommandCenter::appendReply(std::string& out, const PendingRequest& request, const Completion& completion, Now now)
{
    if (completion.status != CompletionStatus::Done) {
        RespWriter(out, request.protocol).error(errorTextOf(completion.status));
        return;
    }
    if (request.isWrite) {
        out += toProtocol(completion.result, request.protocol, request.spec->nullIsArray);
        return;
    }
    if (isPlainGet(request.operation)) {
        RespWriter writer(out, request.protocol);
        if (completion.record)
            writer.bulk(completion.record->value);
        else
            writer.null();
        return;
    }
    out += toProtocol(m_logic.evaluate(request.operation, completion.record, now.wallMs), request.protocol,
                      request.spec->nullIsArray);
}

void CommandCenter::onCompletion(Completion completion, Now now)
{
    if (!m_requests.find(completion.request))
        return;
    PendingRequest request = m_requests.take(completion.request);
    m_bytesInFlight -= request.bytes;
    m_completed += completion.status == CompletionStatus::Done;
    if (request.kind == PendingRequest::Kind::Part) {
        onPart(std::move(request), std::move(completion), now);
        return;
    }
    Session& session = *request.session;
    m_node.meter().answered(*request.spec, request.level, now.monotonic - request.since, completion.status);
    session.keys().remove(request.keyHash, request.isWrite);
    if (!session.isClosed())
        appendReply(session.replies().replyOf(request.ticket), request, completion, now);
    session.replies().complete(request.ticket);
    session.onReplied();
}

void CommandCenter::onPart(PendingRequest request, Completion completion, Now now)
{
    const std::shared_ptr<KeyGather> gather = std::move(request.gather);
    std::string reply;
    appendReply(reply, request, completion, now);
    Session& session = *gather->session;
    const std::size_t heldBefore = gather->heldBytes();
    gather->add(request.part, std::move(reply));
    if (gather->heldBytes() > gatheredBytesKept && m_node.sessions().memory().areRepliesFarTooMuch()) {
        gather->fail("-BUSY this node holds as many replies as it may; ask for fewer keys at once, or again later\r\n");
        gather->next = gather->parts.size();
    }
    session.changeGathered(heldBefore, gather->heldBytes());
    if (gather->status == CompletionStatus::Done)
        gather->status = completion.status;
    --gather->inFlight;
    advance(gather, now);
    if (!gather->isComplete())
        return;
    m_bytesInFlight -= gather->bytes;
    m_node.meter().answered(*gather->spec, gather->level, now.monotonic - gather->since, gather->status);
    if (gather->isExclusive) {
        session.keys().setExclusive(false);
    } else {
        for (const std::uint64_t hash : gather->keyHashes)
            session.keys().remove(hash, gather->isWrite);
    }
    if (!session.isClosed())
        gather->appendReply(session.replies().replyOf(gather->ticket));
    session.changeGathered(gather->heldBytes(), 0);
    session.replies().complete(gather->ticket);
    session.onReplied();
}

void CommandCenter::runOnServer(Session& session, const CommandSpec& spec,
                                const std::vector<std::string_view>& arguments)
{
    CommandCall call(m_node, *this, session, arguments, m_random);
    const bool known = runConnectionCommand(spec.id, call) || runServerCommand(spec.id, call) ||
                       runClusterCommand(spec.id, call) || runQuoitCommand(spec.id, call) || runChangeCommand(spec.id, call);
    QUOIT_ENSURE(known);
}

void CommandCenter::askScan(std::shared_ptr<LongCommand> command, Position first, std::uint32_t count)
{
    RequestId id = 0;
    PendingRequest& request = m_requests.add(id);
    request.kind = PendingRequest::Kind::Long;
    request.command = std::move(command);
    m_gate.submitScan(id, first, count);
}

void CommandCenter::askCount(std::shared_ptr<LongCommand> command)
{
    RequestId id = 0;
    PendingRequest& request = m_requests.add(id);
    request.kind = PendingRequest::Kind::Long;
    request.command = std::move(command);
    m_gate.submitCount(id);
}

void CommandCenter::askLocate(std::shared_ptr<LongCommand> command, std::string key)
{
    RequestId id = 0;
    PendingRequest& request = m_requests.add(id);
    request.kind = PendingRequest::Kind::Long;
    request.command = std::move(command);
    m_gate.submitLocate(id, std::move(key));
}

void CommandCenter::askMap(std::shared_ptr<LongCommand> command, std::function<Result<ClusterMapPtr>(const ClusterMap&)> builder)
{
    RequestId id = 0;
    PendingRequest& request = m_requests.add(id);
    request.kind = PendingRequest::Kind::Long;
    request.command = std::move(command);
    m_gate.submitMap(id, std::move(builder));
}

void CommandCenter::onMap(ChangeCompletion completion)
{
    if (m_requests.find(completion.request))
        m_requests.take(completion.request).command->onMap(std::move(completion));
}

void CommandCenter::onScanPage(ScanPage page)
{
    if (m_requests.find(page.request))
        m_requests.take(page.request).command->onScanPage(std::move(page));
}

void CommandCenter::onCount(CountResult result)
{
    if (m_requests.find(result.request))
        m_requests.take(result.request).command->onCount(std::move(result));
}

void CommandCenter::onLocate(LocateResult result)
{
    if (m_requests.find(result.request))
        m_requests.take(result.request).command->onLocate(std::move(result));
}

} // namespace quoit
