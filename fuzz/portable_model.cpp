// A model in the open format from a stranger: refused, or a model that answers within its bounds. The mutator makes the
// checksums of a ZIP file's entries right again, so that what is in them is looked at.

#include <zlib.h>

#include <cmath>
#include <cstring>

#include "fuzz.h"
#include "recommend/imported.h"
#include "recommend/portable_file.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

using namespace eunomia;

constexpr std::size_t most_items = 4096;  // asked about; a model may know more

std::unique_ptr<recommend::model> read(const std::filesystem::path& file) {
  try {
    return recommend::make_imported(recommend::read_portable(file));
  } catch (const core::error& refused) {
    fuzz::require(refused.code() == core::errc::invalid_argument || refused.code() == core::errc::resource_exhausted,
                  "a model is refused for what it is, or for its size");
    return nullptr;
  }
}

std::uint32_t number_at(const std::uint8_t* data, std::size_t at, std::size_t bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, data + at, bytes);
  return value;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::memory_file file(fuzz::text_of(data, size));
  const auto model = read(file.path());
  if (model == nullptr || model->current()->items().size() > most_items) {
    return 0;
  }
  (void)recommend::weighting_of(*model);
  const auto scorer = model->current();
  std::vector<float> scores(scorer->items().size());
  const std::vector<recommend::preference> history = {{0, 1, 0}};
  scorer->score({.history = history}, scores);
  for (const recommend::scored_item& like : scorer->similar(0, 3)) {
    fuzz::require(like.item < scorer->items().size() && like.item != 0, "a similar item is another one");
  }
  for (const recommend::contribution& part : scorer->explain({.history = history}, 0, 3)) {
    fuzz::require(part.item < scorer->items().size(), "an item that explains is in the catalogue");
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned) {
  size = LLVMFuzzerMutate(data, size, max_size);
  constexpr std::size_t central_bytes = 46;
  constexpr std::size_t local_bytes = 30;
  for (std::size_t at = 0; at + central_bytes <= size; ++at) {
    if (std::memcmp(data + at, "PK\x01\x02", 4) != 0) {
      continue;
    }
    const std::size_t bytes = number_at(data, at + 20, 4);
    const std::size_t offset = number_at(data, at + 42, 4);
    if (offset + local_bytes > size) {
      continue;
    }
    const std::size_t begin = offset + local_bytes + number_at(data, offset + 26, 2) + number_at(data, offset + 28, 2);
    if (begin <= size && bytes <= size - begin) {
      const auto crc = static_cast<std::uint32_t>(::crc32(0, data + begin, static_cast<uInt>(bytes)));
      std::memcpy(data + at + 16, &crc, sizeof crc);
    }
  }
  return size;
}
