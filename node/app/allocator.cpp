#include "node/app/allocator.h"

#ifdef QUOIT_MIMALLOC
#include <mimalloc.h>
#else
#include <malloc.h>
#endif

namespace quoit {

#ifdef QUOIT_MIMALLOC

std::uint64_t allocatedBytes()
{
    std::uint64_t bytes = 0;
    const auto addArea = [](const mi_heap_t*, const mi_heap_area_t* area, void*, std::size_t, void* sum) {
        *static_cast<std::uint64_t*>(sum) += area->used * area->block_size;
        return true;
    };
    mi_heap_visit_blocks(mi_heap_get_default(), false, addArea, &bytes);
    return bytes;
}

std::string allocatorName()
{
    const int version = mi_version(); // 209: 2.0.9
    return "mimalloc-" + std::to_string(version / 100) + '.' + std::to_string(version / 10 % 10) + '.' + std::to_string(version % 10);
}

#else

std::uint64_t allocatedBytes()
{
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

std::string allocatorName()
{
    return "libc";
}

#endif

} // namespace quoit
