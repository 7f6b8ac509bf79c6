// Every new tensor of the test program is full of NaN until it is written.
#include "core/memory.h"

namespace {

const bool poisoned = (convscope::poison_memory(true), true);

}  // namespace
