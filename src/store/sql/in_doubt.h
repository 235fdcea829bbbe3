#pragma once

#include <type_traits>
#include <utility>

#include "core/error.h"
#include "store/sql/database.h"
#include "store/sql/session.h"

namespace eunomia::store::sql {

// As in.write(body). Where the answer to the commit was lost, so that nobody knows whether the change was made, calls
// doubt(), which must not throw, before the exception comes out; after every other exception the change was not made.
template <class Body, class Doubt>
std::invoke_result_t<Body&, transaction&> write_or_doubt(database& in, Body&& body, Doubt&& doubt) {
  using result = std::invoke_result_t<Body&, transaction&>;
  bool ran = false;  // to its end: a body that throws is rolled back
  try {
    return in.write([&](transaction& change) -> result {
      ran = false;
      if constexpr (std::is_void_v<result>) {
        body(change);
        ran = true;
      } else {
        result made = body(change);
        ran = true;
        return made;
      }
    });
  } catch (const conflict&) {
    throw;
  } catch (const core::error& problem) {
    if (ran && problem.code() == core::errc::unavailable) {
      doubt();
    }
    throw;
  }
}

}  // namespace eunomia::store::sql
