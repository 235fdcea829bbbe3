#include "core/sodium.h"

#include <sodium.h>

#include "core/error.h"

namespace eunomia::core {

void ensure_sodium() {
  static const int result = sodium_init();
  if (result < 0) {
    throw error(errc::internal, "libsodium cannot start: the system gives no random bytes (/dev/urandom, getrandom)");
  }
}

}  // namespace eunomia::core
