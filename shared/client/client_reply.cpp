#include "shared/client/client_reply.h"

namespace quoit {

std::string ClientReply::errorText() const
{
    switch (fate) {
    case RequestFate::Answered:
        return value.isError() ? value.text : std::string();
    case RequestFate::NotRun:
        return reason;
    case RequestFate::MayHaveRun:
        return reason + "; the request may have run";
    }
    return {};
}

} // namespace quoit
