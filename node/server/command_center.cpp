#include "node/server/command_center.h"

#include "node/commands/sequence.h"
#include "node/server/node_desk.h"
#include "node/server/server_commands.h"

#include <algorithm>
#include <span>
#include <xxhash.h>

namespace quoit {

namespace {

/// They wait until all that the connection asked before is answered: its own writes are to be seen.
bool looksAtAllKeys(CommandId id)
{
    return id == CommandId::Keys || id == CommandId::Scan || id == CommandId::DbSize || id == CommandId::RandomKey;
}

/// A web page may have a browser on this machine send anything as the body of an HTTP request, and its lines would be
/// carried out as inline commands. Every such request has one of these lines before its body.
bool isWebRequest(std::string_view word)
{
    const std::string upper = upperCase(word);
    return upper == "POST" || upper == "HOST:";
}

} // namespace

CommandCenter::CommandCenter(NodeDesk& node, CoreGate& gate, std::uint64_t seed)
    : m_node(node)
    , m_gate(gate)
    , m_random(seed)
{}

CommandCenter::~CommandCenter() = default;

std::uint64_t CommandCenter::hashOf(std::string_view key)
{
    return XXH3_64bits(key.data(), key.size());
}

Level CommandCenter::levelOf(const SessionState& state, bool isWrite)
{
    if (!isWrite)
        return state.readLevel();
    return state.level == Level::All ? Level::All : Level::Quorum;
}

bool CommandCenter::run(Session& session, const std::vector<std::string_view>& arguments)
{
    const CommandSpec* spec = findCommand(arguments[0]);
    const auto refuse = [&session](std::string_view error) {
        if (session.state().transaction)
            session.state().transaction->spoil();
        RespWriter(session.replies().immediate(), session.state().protocol).error(error);
        return true;
    };
    if (!spec && isWebRequest(arguments[0])) {
        m_webRequests.line(m_node.now().monotonic, LogLevel::Warning,
                           "closed the client connection from " + session.state().address + ": it sent an HTTP request, maybe a web page's attack");
        refuse("ERR this is no port for HTTP (see --http-listen)");
        session.closeAfterReplies();
        return true;
    }
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
    if (looksAtAllKeys(spec->id) && !session.keys().empty())
        return false;
    if (spec->kind == CommandKind::Server && spec->id != CommandId::Watch) {
        m_node.meter().command();
        runOnServer(session, *spec, arguments);
        return true;
    }
    if (!m_node.core())
        return refuse("CLUSTERDOWN this node is not part of a cluster yet; form one with: quoit create ADDRESS...");
    if (m_node.sessions().refusesTooMuch())
        return false;
    return spec->id == CommandId::Watch ? runWatch(session, *spec, arguments) : runOnKeys(session, *spec, arguments);
}

bool CommandCenter::runOnKeys(Session& session, const CommandSpec& spec, const std::vector<std::string_view>& arguments)
{
    const bool isLong = isOnVeryManyKeys(spec, arguments);
    // Before it is looked at: it comes again with each reply of those that it waits for.
    if (isLong && !isFree(session))
        return false;
    m_operations.clear();
    std::uint64_t bytes = 0;
    const std::string error = isLong ? checkInSlices(spec, arguments, bytes) : parseCommand(spec, arguments, m_limits, m_operations);
    if (!error.empty()) {
        m_node.meter().command();
        RespWriter(session.replies().immediate(), session.state().protocol).error(error);
        return true;
    }
    for (const KeyOperation& operation : m_operations)
        bytes += operation.key.size() + operation.operation.size();
    if (!isAdmitted(session, bytes))
        return true;
    if (isLong)
        return beginOnVeryManyKeys(session, spec, arguments, bytes);
    if (m_operations.size() > 1 || spec.combine == Combine::Array)
        return runOnManyKeys(session, spec, bytes);
    return runOnOneKey(session, spec, m_operations.front(), bytes);
}

bool CommandCenter::isAdmitted(Session& session, std::uint64_t bytes)
{
    if (m_admission.admits(inFlight(), m_bytesInFlight, bytes))
        return true;
    m_node.meter().command();
    m_node.meter().refused();
    m_node.sessions().noteRefusal();
    RespWriter(session.replies().immediate(), session.state().protocol).error(errorTextOf(CompletionStatus::Busy));
    return false;
}

bool CommandCenter::runOnOneKey(Session& session, const CommandSpec& spec, KeyOperation& operation, std::uint64_t bytes)
{
    const bool isWrite = spec.kind == CommandKind::KeyWrite;
    const std::uint64_t keyHash = hashOf(operation.key);
    const bool waits = session.chains().contains(keyHash) || session.keys().conflicts(keyHash, isWrite);
    if (waits && (bytes > KeyChains::operationBytesMax || session.keys().isExclusive()))
        return false;
    if (!waits && isWrite && shortReplyBytes(operation.operation) == 0 && !session.longReplies().mayBegin(m_longReplyBytes))
        return false; // one of its own is under way
    m_node.meter().command();
    m_node.hotKeys().note(operation.key, keyHash, isWrite);
    ChainedCommand command{&spec,
                           std::string(operation.key),
                           std::move(operation.operation),
                           isWrite,
                           levelOf(session.state(), isWrite),
                           session.state().protocol,
                           session.openTicket(),
                           m_node.now().monotonic,
                           bytes};
    m_bytesInFlight += bytes;
    if (waits) {
        ++m_chained;
        session.chains().append(keyHash, std::move(command));
    } else {
        submit(session, keyHash, std::move(command));
    }
    return true;
}

void CommandCenter::submit(Session& session, std::uint64_t keyHash, ChainedCommand command)
{
    session.keys().add(keyHash, command.isWrite);
    RequestId id = 0;
    PendingRequest& request = m_requests.add(id);
    request.kind = PendingRequest::Kind::One;
    request.isWrite = command.isWrite;
    request.spec = command.spec;
    request.level = command.level;
    request.protocol = static_cast<std::uint8_t>(command.protocol);
    request.session = &session;
    request.ticket = command.ticket;
    request.keyHash = keyHash;
    request.bytes = command.bytes;
    request.since = command.since;
    request.key = std::string_view(command.key).substr(0, SlowLog::keyBytesMax);
    if (command.isWrite) {
        if (shortReplyBytes(command.operation) == 0)
            m_longReplyBytes += request.longReplyBytes = session.longReplies().began();
        m_gate.submitWrite(m_node.now(), id, std::move(command.key), std::move(command.operation), command.level);
    } else {
        request.operation = std::move(command.operation);
        m_gate.submitRead(m_node.now(), id, std::move(command.key), command.level);
    }
}

/// As one operation: they are carried out in their order, and nothing comes between them.
void CommandCenter::submitTogether(Session& session, std::uint64_t keyHash, std::vector<ChainedCommand> commands)
{
    session.keys().add(keyHash, true);
    std::vector<std::string> operations;
    operations.reserve(commands.size());
    for (const ChainedCommand& command : commands)
        operations.push_back(command.operation);
    RequestId id = 0;
    PendingRequest& request = m_requests.add(id);
    request.kind = PendingRequest::Kind::Together;
    request.isWrite = true;
    request.session = &session;
    request.keyHash = keyHash;
    std::string key = commands.front().key;
    const Level level = commands.front().level;
    request.together = std::make_unique<std::vector<ChainedCommand>>(std::move(commands));
    m_gate.submitWrite(m_node.now(), id, std::move(key), encodeSequence(operations), level);
}

/// What waited for a command on its key that is over now.
void CommandCenter::startChained(Session& session, std::uint64_t keyHash)
{
    while (session.chains().contains(keyHash) &&
           !session.keys().conflicts(keyHash, session.chains().front(keyHash).isWrite)) {
        std::vector<ChainedCommand> next = session.chains().takeNext(keyHash);
        --m_chained;
        if (next.size() == 1)
            submit(session, keyHash, std::move(next.front()));
        else
            submitTogether(session, keyHash, std::move(next));
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
    m_node.meter().lookedUp(completion.record != nullptr);
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
    if (isPostponed(request, completion))
        return;
    m_bytesInFlight -= request.bytes;
    m_longReplyBytes -= request.longReplyBytes;
    if (request.longReplyBytes > 0)
        request.session->longReplies().ended(completion.result.size());
    switch (request.kind) {
    case PendingRequest::Kind::Part:
        m_completed += completion.status == CompletionStatus::Done;
        onPart(std::move(request), std::move(completion), now);
        return;
    case PendingRequest::Kind::Together:
        onTogether(request, completion, now);
        return;
    case PendingRequest::Kind::Transaction:
        onTransaction(request, completion, now);
        break;
    case PendingRequest::Kind::Watch:
        onWatch(request, completion, now);
        break;
    default:
        m_node.meter().answered(*request.spec, request.level, now.monotonic - request.since, completion.status);
        noteIfSlow(*request.session, request.spec->name, request.key, request.since, now);
        if (!request.session->isClosed())
            appendReply(request.session->replies().replyOf(request.ticket), request, completion, now);
        break;
    }
    m_completed += completion.status == CompletionStatus::Done;
    finish(*request.session, request.ticket, request.keyHash, request.isWrite);
}

void CommandCenter::finish(Session& session, ReplyQueue::Ticket ticket, std::uint64_t keyHash, bool isWrite)
{
    session.replies().complete(ticket);
    session.keys().remove(keyHash, isWrite);
    startChained(session, keyHash);
    session.onReplied();
}

bool CommandCenter::isPostponed(PendingRequest& request, const Completion& completion)
{
    if (request.kind != PendingRequest::Kind::One || request.isWrite || !completion.record)
        return false;
    const std::size_t bytes = completion.record->value.size();
    if (!request.session->mustPostpone(request.ticket, bytes))
        return false;
    request.session->postpone({request.spec, std::string(completion.record->key), std::move(request.operation), false, request.level,
                               request.protocol, request.ticket, request.since, request.bytes},
                              bytes);
    return true;
}

void CommandCenter::runAgain(Session& session, ChainedCommand read)
{
    const std::uint64_t keyHash = hashOf(read.key);
    if (session.isClosed()) {
        m_bytesInFlight -= read.bytes;
        finish(session, read.ticket, keyHash, false);
        return;
    }
    session.keys().remove(keyHash, false); // submit() takes it again
    read.since = m_node.now().monotonic;   // how long its client has read isn't how long this takes
    submit(session, keyHash, std::move(read));
}

void CommandCenter::onTogether(PendingRequest& request, const Completion& completion, Now now)
{
    Session& session = *request.session;
    std::vector<ChainedCommand>& commands = *request.together;
    session.keys().remove(request.keyHash, true);
    const bool isDone = completion.status == CompletionStatus::Done;
    const auto replies = isDone ? splitReplies(completion.result) : std::nullopt;
    if (isDone && (!replies || replies->size() != commands.size())) { // what they make is too large together, and nothing was done
        ++m_chained;
        session.chains().putBack(request.keyHash, std::move(commands));
        startChained(session, request.keyHash);
        return;
    }
    m_chained -= commands.size() - 1;
    m_completed += isDone ? commands.size() : 0;
    startChained(session, request.keyHash);
    for (std::size_t i = 0; i < commands.size(); ++i) {
        const ChainedCommand& command = commands[i];
        m_bytesInFlight -= command.bytes;
        m_node.meter().answered(*command.spec, command.level, now.monotonic - command.since, completion.status);
        noteIfSlow(session, command.spec->name, command.key, command.since, now);
        if (!session.isClosed()) {
            std::string& out = session.replies().replyOf(command.ticket);
            if (isDone)
                out += toProtocol((*replies)[i], command.protocol, command.spec->nullIsArray);
            else
                RespWriter(out, command.protocol).error(errorTextOf(completion.status));
        }
        session.replies().complete(command.ticket);
        session.onReplied();
    }
}

void CommandCenter::noteIfSlow(const Session& session, std::string_view name, std::string_view key, TimePoint since, Now now)
{
    const Microseconds duration = now.monotonic - since;
    if (!m_node.slowLog().isSlow(duration))
        return;
    SlowLog::Entry entry;
    entry.endedMs = now.wallMs;
    entry.duration = duration;
    entry.words.emplace_back(name);
    if (!key.empty())
        entry.words.emplace_back(key.substr(0, SlowLog::keyBytesMax));
    entry.address = session.state().address;
    entry.clientName = session.state().name;
    m_node.slowLog().note(std::move(entry));
}

TimePoint CommandCenter::timeOfDesk() const
{
    return m_node.now().monotonic;
}

void CommandCenter::answeredLong(const Session& session, std::string_view name, TimePoint since)
{
    noteIfSlow(session, name, {}, since, m_node.now());
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
