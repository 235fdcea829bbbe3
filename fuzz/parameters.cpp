// The JSON of a family's parameters: refused, or completed to parameters that are complete.

#include <string>

#include "fuzz.h"
#include "recommend/family.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace eunomia;
  for (const recommend::family* family : recommend::families()) {
    std::string complete;
    if (fuzz::accepted(core::errc::invalid_argument, [&] { complete = family->complete(fuzz::text_of(data, size)); })) {
      fuzz::require(family->complete(complete) == complete, "complete parameters stay as they are");
    }
  }
  return 0;
}
