// CSV as store/table reads it: with every delimiter, plain and compressed, and through windows so small that every
// record meets their ends. However the file is looked at, the records are the same.

#include <zlib.h>

#include "core/error.h"
#include "core/utf8.h"
#include "fuzz.h"
#include "store/table/record_reader.h"

namespace {

using namespace eunomia;
using namespace eunomia::store::table;

// All that a reader says of a file, as text; what it throws ends it, without the name of the file.
std::string account_of(std::string_view content, const csv_options& options) {
  const fuzz::memory_file file(content);
  std::string account;
  try {
    const auto reader = open_csv(file.path(), options);
    const std::size_t columns = reader->header().size();
    fuzz::require(columns > 0 && columns <= max_record_columns, "a header has 1 to max_record_columns columns");
    for (const std::string& name : reader->header()) {
      account += shown(name) + name + '\n';
    }
    record_block block;
    while (reader->next(block)) {
      fuzz::require(block.size() > 0 && block.columns == columns && block.fields.size() == block.size() * columns,
                    "a block has at least one record, and its columns for each");
      for (std::size_t i = 0; i < block.size(); ++i) {
        account += std::to_string(block.line[i]) + ' ' + std::string(name_of(block.fault[i])) + ' ' +
                   std::to_string(block.fault_column[i]) + ' ' + std::string(block.raw[i]) + '\n';
        for (const std::string_view field : block.record(i)) {
          fuzz::require(field.empty() || block.fault[i] == record_fault::none, "a faulty record has no fields");
          fuzz::require(core::is_utf8(field) && field.find('\0') == std::string_view::npos, "a field is text");
          account += std::to_string(field.size()) + ':' + std::string(field) + '\n';
        }
      }
    }
  } catch (const core::error& e) {
    const std::string message = e.what();
    fuzz::require(e.code() == core::errc::invalid_argument, "a file that cannot be read is an invalid argument");
    const std::string name = file.path().string();
    const std::size_t at = message.find(name);
    account += at == std::string::npos ? message : message.substr(0, at) + message.substr(at + name.size());
  }
  return account;
}

// A gzip file of two members.
std::string compressed(std::string_view content) {
  std::string out;
  for (const std::string_view part : {content.substr(0, content.size() / 2), content.substr(content.size() / 2)}) {
    z_stream stream = {};
    constexpr int gzip = 15 + 16;
    fuzz::require(deflateInit2(&stream, 1, Z_DEFLATED, gzip, 1, Z_DEFAULT_STRATEGY) == Z_OK, "zlib has memory");
    std::string member(deflateBound(&stream, part.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
    stream.avail_in = static_cast<uInt>(part.size());
    stream.next_out = reinterpret_cast<Bytef*>(member.data());
    stream.avail_out = static_cast<uInt>(member.size());
    fuzz::require(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib compresses within its bound");
    out.append(member, 0, stream.total_out);
    deflateEnd(&stream);
  }
  return out;
}

bool is_compressed(std::string_view content) {
  return content.starts_with("\x1f\x8b");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t wide = std::size_t(1) << 16, narrow = 4;
  const std::string_view content = fuzz::text_of(data, size);
  (void)account_of(content, {.window_bytes = wide});
  for (const char delimiter : {',', ';', '\t'}) {
    const std::string looked_at_whole = account_of(content, {delimiter, wide});
    const std::string looked_at_bit_by_bit = account_of(content, {delimiter, narrow});
    if (is_compressed(content)) {
      continue;  // where it is damaged, the wider window meets the damage earlier
    }
    fuzz::require(looked_at_whole == looked_at_bit_by_bit, "the records do not depend on the window");
    if (delimiter == ',') {
      fuzz::require(looked_at_whole == account_of(compressed(content), {delimiter, narrow}),
                    "the records do not depend on compression");
    }
  }
  return 0;
}
