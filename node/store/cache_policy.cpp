#include "node/store/cache_policy.h"

#include "node/store/cache_policies.h"

namespace quoit {

std::string_view toText(CachePolicyKind kind)
{
    switch (kind) {
    case CachePolicyKind::Lru:
        return "lru";
    case CachePolicyKind::Lfu:
        return "lfu";
    case CachePolicyKind::TinyLfu:
        return "w-tinylfu";
    case CachePolicyKind::S3Fifo:
        return "s3-fifo";
    }
    return {};
}

std::optional<CachePolicyKind> cachePolicyFromText(std::string_view text)
{
    for (const CachePolicyKind kind : allCachePolicies) {
        if (toText(kind) == text)
            return kind;
    }
    return std::nullopt;
}

std::unique_ptr<CachePolicy> makeCachePolicy(CachePolicyKind kind, std::uint64_t bytesMax)
{
    switch (kind) {
    case CachePolicyKind::Lru:
        return makeLru();
    case CachePolicyKind::Lfu:
        return makeLfu();
    case CachePolicyKind::TinyLfu:
        return makeTinyLfu(bytesMax);
    case CachePolicyKind::S3Fifo:
        return makeS3Fifo(bytesMax);
    }
    return nullptr;
}

} // namespace quoit
