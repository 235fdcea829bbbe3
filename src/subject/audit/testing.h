#pragma once

#include <algorithm>
#include <array>
#include <string>

#include "core/seal.h"
#include "core/sign.h"
#include "subject/audit/certificate.h"

// A certificate that is the same every time, for tests and fuzzing.
namespace eunomia::subject::certificate_testing {

// 32 bytes of 7: no secret.
inline core::signing_key fixed_key() {
  std::array<std::byte, core::secret_key::size> seed;
  seed.fill(std::byte{7});
  return core::signing_key(core::secret_key::from_bytes(seed));
}

inline certificate erasure_of_one() {
  certificate made;
  made.request = {"shop-berlin",
                  "erasure-42",
                  certified_right::erasure,
                  "2026-05-03T09:30:00.125Z",
                  "2026-05-03T09:30:00.480Z",
                  "2026-06-03T09:30:00.125Z",
                  1};
  made.steps = {{"recommend",
                 "interactions of the dataset \"shop\"",
                 "tables",
                 erasure_level::physically_erased,
                 118,
                 "1 bucket rewritten",
                 {},
                 {},
                 42},
                {"recommend", "the model ials-3", "models", erasure_level::model_converged, 1, "", 31, {}, 180},
                {"subject",
                 "keys in backups",
                 "backups",
                 erasure_level::pending_backup_expiry,
                 2,
                 "unlesbar für alle",
                 {},
                 "2026-06-02T00:00:00.000Z",
                 3}};
  made.verification = {"logical queries and a byte scan of the data directory", 212, 48'213'004, 31, 0};
  made.audit = {"000102030405060708090a0b0c0d0e0f", 4711, std::string(64, 'a')};
  made.remarks = {"A backup of 3 May 2026 rests until 2 June 2026; what it holds of the person is unreadable."};
  return made;
}

}  // namespace eunomia::subject::certificate_testing
