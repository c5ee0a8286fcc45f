// shared/client/client_reply.h - how a request to a cluster ended.
#pragma once

#include "shared/resp/value.h"

#include <functional>
#include <string>

namespace quoit {

/// What is known about a request that has ended.
enum class RequestFate {
    Answered,   ///< the server said something, perhaps an error
    NotRun,     ///< it never reached a server, or none that ran it
    MayHaveRun, ///< it was sent, and the answer is lost
};

struct ClientReply
{
    RequestFate fate = RequestFate::NotRun;
    RespValue value;    ///< of Answered; isError() for the server's errors
    std::string reason; ///< of the others: a sentence for people

    static ClientReply answered(RespValue value) { return {RequestFate::Answered, std::move(value), {}}; }
    static ClientReply notRun(std::string reason) { return {RequestFate::NotRun, {}, std::move(reason)}; }
    static ClientReply mayHaveRun(std::string reason) { return {RequestFate::MayHaveRun, {}, std::move(reason)}; }

    /// Answered, and not with an error.
    bool ok() const { return fate == RequestFate::Answered && !value.isError(); }
    /// The server's error or the reason, for people; empty if ok().
    std::string errorText() const;
};

/// Called at most once; see the function that takes it.
using ReplyCallback = std::function<void(ClientReply)>;

} // namespace quoit
