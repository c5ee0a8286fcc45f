// MULTI's queue, EXEC and WATCH. What EXEC carries out is one operation on one key: a sequence.
#include "node/server/command_center.h"

#include "node/commands/sequence.h"
#include "node/server/key_gather.h"
#include "node/server/node_desk.h"

#include <algorithm>

namespace quoit {

namespace {

/// Of one command of a transaction, from the replies of its operations.
void appendCombined(std::string& out, int protocol, const Transaction::Parsed& command, const std::string_view* replies)
{
    if (!command.error.empty()) {
        RespWriter(out, protocol).error(command.error);
        return;
    }
    if (command.spec->combine == Combine::Single) {
        out += toProtocol(*replies, protocol, command.spec->nullIsArray);
        return;
    }
    KeyGather gather;
    gather.combine = command.spec->combine;
    gather.protocol = protocol;
    for (std::size_t i = 0; i < command.operationCount; ++i)
        gather.add(i, std::string(toProtocol(replies[i], protocol)));
    gather.appendReply(out);
}

void appendAll(std::string& out, int protocol, const std::vector<Transaction::Parsed>& commands,
               const std::vector<std::string_view>& replies)
{
    RespWriter(out, protocol).arrayHeader(commands.size());
    const std::string_view* next = replies.data();
    for (const Transaction::Parsed& command : commands) {
        appendCombined(out, protocol, command, next);
        next += command.operationCount;
    }
}

} // namespace

bool CommandCenter::isQueued(Session& session, const CommandSpec& spec, const std::vector<std::string_view>& arguments)
{
    const auto reply = [&session] { return RespWriter(session.replies().immediate(), session.state().protocol); };
    switch (spec.id) {
    case CommandId::Multi:
    case CommandId::Exec:
    case CommandId::Discard:
    case CommandId::Reset:
    case CommandId::Quit:
        return false;
    case CommandId::Watch:
        m_node.meter().command();
        reply().error("ERR WATCH inside MULTI is not allowed");
        return true;
    default:
        break;
    }
    m_node.meter().command();
    Transaction& transaction = *session.state().transaction;
    const std::string problem = transaction.queue(spec, arguments, m_limits);
    if (!problem.empty()) {
        reply().error(problem);
    } else if (transaction.heldBytes() > SessionMemory::smallBytes && m_node.sessions().memory().isInputShort()) {
        transaction.spoil();
        m_node.meter().refused();
        reply().error(errorTextOf(CompletionStatus::Busy));
    } else {
        reply().simpleString("QUEUED");
    }
    return true;
}

bool CommandCenter::runExec(Session& session)
{
    if (m_node.sessions().refusesTooMuch())
        return false;
    if (session.unanswered() > 0)
        return false; // so that it never has to wait for others once its reply has begun
    m_node.meter().command();
    SessionState& state = session.state();
    const std::unique_ptr<Transaction> transaction = std::move(state.transaction);
    const auto writer = [&session] { return RespWriter(session.replies().immediate(), session.state().protocol); };
    if (!transaction) {
        writer().error("ERR EXEC without MULTI");
        return true;
    }
    const std::unique_ptr<WatchedKey> watched = std::move(state.watched);
    const std::vector<std::string>* const serverCommand = transaction->serverCommand();
    if (transaction->isSpoiled()) {
        writer().error("EXECABORT Transaction discarded because of previous errors.");
    } else if (watched && (serverCommand || (transaction->count() > 0 && transaction->key() != watched->key))) {
        writer().error("EXECABORT Transaction discarded, nothing was changed: after WATCH its commands must be on the key that is watched");
    } else if (serverCommand) {
        writer().arrayHeader(1);
        QUOIT_ENSURE(run(session, std::vector<std::string_view>(serverCommand->begin(), serverCommand->end())));
    } else if (transaction->count() == 0 && !watched) {
        writer().arrayHeader(0);
    } else if (!m_node.core()) {
        writer().error("CLUSTERDOWN this node is not part of a cluster yet; form one with: quoit create ADDRESS...");
    } else {
        submitTransaction(session, *transaction, watched.get());
    }
    return true;
}

/// Opens its ticket, takes its key and counts its bytes.
PendingRequest& CommandCenter::addRequest(RequestId& id, PendingRequest::Kind kind, Session& session, std::uint64_t keyHash, bool isWrite,
                                          Level level, std::uint64_t bytes, Now now)
{
    session.keys().add(keyHash, isWrite);
    m_bytesInFlight += bytes;
    PendingRequest& request = m_requests.add(id);
    request.kind = kind;
    request.isWrite = isWrite;
    request.level = level;
    request.protocol = static_cast<std::uint8_t>(session.state().protocol);
    request.session = &session;
    request.ticket = session.openTicket();
    request.keyHash = keyHash;
    request.bytes = bytes;
    request.since = now.monotonic;
    return request;
}

void CommandCenter::submitTransaction(Session& session, const Transaction& transaction, const WatchedKey* watched)
{
    std::vector<std::string> operations;
    auto commands = std::make_unique<std::vector<Transaction::Parsed>>(transaction.parse(m_limits, operations));
    const int protocol = session.state().protocol;
    if (operations.empty() && !watched) {
        appendAll(session.replies().immediate(), protocol, *commands, {});
        return;
    }
    std::string key = watched ? watched->key : transaction.key();
    std::uint64_t bytes = key.size();
    for (const std::string& operation : operations)
        bytes += operation.size();
    if (!isAdmitted(session, bytes))
        return;
    const bool isWrite = !transaction.isRead();
    const std::uint64_t keyHash = hashOf(key);
    for (const Transaction::Parsed& command : *commands)
        m_node.hotKeys().note(key, keyHash, command.spec->kind == CommandKind::KeyWrite);
    Level level = levelOf(session.state(), isWrite);
    if (watched)
        level = std::max(level, Level::Quorum); // an old record may have the version that was seen
    const Now now = m_node.now();
    RequestId id = 0;
    PendingRequest& request = addRequest(id, PendingRequest::Kind::Transaction, session, keyHash, isWrite, level, bytes, now);
    request.transaction = std::move(commands);
    request.key = key.substr(0, SlowLog::keyBytesMax);
    std::string operation = encodeSequence(operations, watched ? watched->version : std::nullopt);
    if (isWrite) {
        m_gate.submitWrite(now, id, std::move(key), std::move(operation), level);
    } else {
        request.operation = std::move(operation);
        m_gate.submitRead(now, id, std::move(key), level);
    }
}

void CommandCenter::onTransaction(PendingRequest& request, const Completion& completion, Now now)
{
    for (const Transaction::Parsed& command : *request.transaction)
        if (command.operationCount > 0)
            m_node.meter().answered(*command.spec, request.level, now.monotonic - request.since, completion.status);
    noteIfSlow(*request.session, "exec", request.key, request.since, now);
    if (request.session->isClosed())
        return;
    std::string& out = request.session->replies().replyOf(request.ticket);
    if (completion.status != CompletionStatus::Done) {
        RespWriter(out, request.protocol).error(errorTextOf(completion.status));
        return;
    }
    const std::string result =
        request.isWrite ? completion.result : m_logic.evaluate(request.operation, completion.record, now.wallMs);
    const auto replies = splitReplies(result);
    if (replies)
        appendAll(out, request.protocol, *request.transaction, *replies);
    else
        out += toProtocol(result, request.protocol, true); // null: the watched key has changed; else an error of the whole
}

bool CommandCenter::runWatch(Session& session, const CommandSpec& spec, const std::vector<std::string_view>& arguments)
{
    SessionState& state = session.state();
    const auto answer = [&](const std::string& error) {
        m_node.meter().command();
        RespWriter reply(session.replies().immediate(), state.protocol);
        if (error.empty())
            reply.simpleString("OK");
        else
            reply.error(error);
        return true;
    };
    const std::string_view key = arguments[1];
    const auto isOther = [key](std::string_view argument) { return argument != key; };
    if (std::any_of(arguments.begin() + 2, arguments.end(), isOther) || (state.watched && state.watched->key != key))
        return answer("CROSSSLOT only one key can be watched at a time, that of the transaction; UNWATCH ends it");
    if (state.watched)
        return answer({});
    const std::string_view look[] = {"quoit.getv", key};
    const std::string error = parseCommand(*findCommand(look[0]), look, m_limits, m_operations);
    if (!error.empty())
        return answer(error);
    const std::uint64_t keyHash = hashOf(key);
    // As if it wrote: what comes behind it may not see less than it does.
    if (session.chains().contains(keyHash) || session.keys().conflicts(keyHash, true))
        return false;
    if (!isAdmitted(session, key.size()))
        return true;
    m_node.meter().command();
    m_node.hotKeys().note(key, keyHash, false);
    state.watched = std::make_unique<WatchedKey>(WatchedKey{std::string(key), std::nullopt});
    const Now now = m_node.now();
    RequestId id = 0;
    PendingRequest& request = addRequest(id, PendingRequest::Kind::Watch, session, keyHash, true, Level::Quorum, key.size(), now);
    request.spec = &spec;
    request.key = key;
    m_gate.submitRead(now, id, std::string(key), Level::Quorum);
    return true;
}

void CommandCenter::onWatch(const PendingRequest& request, const Completion& completion, Now now)
{
    m_node.meter().answered(*request.spec, request.level, now.monotonic - request.since, completion.status);
    if (request.session->isClosed())
        return;
    SessionState& state = request.session->state();
    RespWriter reply(request.session->replies().replyOf(request.ticket), request.protocol);
    const bool isMeant = state.watched && state.watched->key == request.key && !state.watched->version; // no UNWATCH meanwhile
    if (completion.status != CompletionStatus::Done) {
        if (isMeant)
            state.watched.reset();
        reply.error(errorTextOf(completion.status));
        return;
    }
    if (isMeant)
        state.watched->version = completion.record ? completion.record->version.toString() : "0";
    reply.simpleString("OK");
}

} // namespace quoit
