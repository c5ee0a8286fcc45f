#include "shared/base/result.h"

#include <cstdio>
#include <cstdlib>

namespace quoit {

void ensureFailed(const char* condition, const char* file, int line)
{
    std::fprintf(stderr, "quoit: internal error, please report it: %s does not hold (%s:%d)\n", condition, file, line);
    std::abort();
}

} // namespace quoit
