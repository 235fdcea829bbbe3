#pragma once

namespace eunomia::core {

// Makes libsodium ready: picks its fastest code for this processor and opens its source of random bytes. Called by
// whatever uses it; cheap after the first time, safe from any thread. Throws errc::internal when it cannot.
void ensure_sodium();

}  // namespace eunomia::core
