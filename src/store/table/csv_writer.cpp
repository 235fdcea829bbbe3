#include "store/table/csv_writer.h"

#include <zlib.h>

#include <array>
#include <charconv>
#include <string>

#include "core/error.h"
#include "core/file.h"

namespace eunomia::store::table {

namespace {
constexpr std::size_t buffer_bytes = std::size_t(1) << 18;
constexpr int gzip_window_bits = 15 + 16;
constexpr int gzip_level = 5;
}  // namespace

struct csv_writer::state {
  explicit state(const std::filesystem::path& target) : file(target), zipped(target.extension() == ".gz") {
    if (zipped && deflateInit2(&stream, gzip_level, Z_DEFLATED, gzip_window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw core::error(core::errc::resource_exhausted, "no memory to compress " + target.string());
    }
    buffer.reserve(buffer_bytes + 4096);
  }
  ~state() {
    if (zipped) {
      deflateEnd(&stream);
    }
  }

  void begin_field() {
    if (in_record) {
      buffer += ',';
    }
    in_record = true;
  }

  void write(int flush) {
    if (!zipped) {
      file.write(buffer);
      buffer.clear();
      return;
    }
    stream.next_in = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_in = static_cast<uInt>(buffer.size());
    std::array<char, 1 << 16> out;
    do {
      stream.next_out = reinterpret_cast<Bytef*>(out.data());
      stream.avail_out = out.size();
      deflate(&stream, flush);
      file.write(std::string_view(out.data(), out.size() - stream.avail_out));
    } while (stream.avail_out == 0);
    buffer.clear();
  }

  core::atomic_file file;
  bool zipped;
  z_stream stream = {};
  std::string buffer;
  bool in_record = false;
};

csv_writer::csv_writer(const std::filesystem::path& target) : state_(std::make_unique<state>(target)) {}
csv_writer::~csv_writer() = default;

void csv_writer::text(std::string_view value) {
  state_->begin_field();
  std::string& out = state_->buffer;
  const bool quoted = value.empty() || value.front() == ' ' || value.back() == ' ' ||
                      value.find_first_of(",;\t\"\r\n") != std::string_view::npos;
  if (!quoted) {
    out += value;
    return;
  }
  out += '"';
  for (const char c : value) {
    out += c;
    if (c == '"') {
      out += c;
    }
  }
  out += '"';
}

void csv_writer::number(std::int64_t value) {
  state_->begin_field();
  std::array<char, 24> digits;
  state_->buffer.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

void csv_writer::number(double value) {
  state_->begin_field();
  std::array<char, 32> digits;
  state_->buffer.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

void csv_writer::absent() {
  state_->begin_field();
}

void csv_writer::end_record() {
  state_->buffer += '\n';
  state_->in_record = false;
  if (state_->buffer.size() >= buffer_bytes) {
    state_->write(Z_NO_FLUSH);
  }
}

void csv_writer::finish() {
  state_->write(Z_FINISH);
  state_->file.commit();
}

}  // namespace eunomia::store::table
