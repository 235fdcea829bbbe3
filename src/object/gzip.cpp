#include "object/gzip.h"

#include <zlib.h>

#include <array>

#include "core/error.h"
#include "core/seal.h"

namespace eunomia::object {

namespace {

constexpr std::size_t input_bytes = 64 * 1024;
constexpr int with_gzip_header = 15 + 16;  // window bits, as zlib.h says it

core::error no_gzip() {
  return {core::errc::corrupt, "an object that begins as gzip is none, or is cut"};
}

Bytef* bytes_of(std::span<std::byte> of) {
  return reinterpret_cast<Bytef*>(of.data());
}

}  // namespace

struct gunzipped::state {
  z_stream stream = {};
  std::array<std::byte, input_bytes> input;
  bool between_members = false;
  bool ended = false;
};

gunzipped::gunzipped(content& from) : from_(from), state_(std::make_unique<state>()) {
  if (::inflateInit2(&state_->stream, with_gzip_header) != Z_OK) {
    throw core::error(core::errc::resource_exhausted, "zlib could not begin: out of memory");
  }
}

gunzipped::~gunzipped() {
  ::inflateEnd(&state_->stream);
  core::wipe(state_->input);
}

std::size_t gunzipped::read(std::span<std::byte> out) {
  z_stream& stream = state_->stream;
  stream.next_out = bytes_of(out);
  stream.avail_out = static_cast<uInt>(out.size());
  while (stream.avail_out > 0 && !state_->ended) {
    if (stream.avail_in == 0) {
      const std::size_t got = from_.read(state_->input);
      if (got == 0) {
        if (!state_->between_members) {
          throw no_gzip();
        }
        state_->ended = true;
        break;
      }
      stream.next_in = bytes_of(state_->input);
      stream.avail_in = static_cast<uInt>(got);
    }
    if (state_->between_members) {
      ::inflateReset(&stream);
      state_->between_members = false;
    }
    const int said = ::inflate(&stream, Z_NO_FLUSH);
    if (said == Z_STREAM_END) {
      state_->between_members = true;
    } else if (said != Z_OK && said != Z_BUF_ERROR) {
      throw no_gzip();
    }
  }
  return out.size() - stream.avail_out;
}

struct gzipped::state {
  z_stream stream = {};
  std::array<std::byte, input_bytes> input;
  bool all_in = false;
  bool ended = false;
};

gzipped::gzipped(content& from) : from_(from), state_(std::make_unique<state>()) {
  constexpr int memory_level = 8;
  if (::deflateInit2(&state_->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, with_gzip_header, memory_level,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
    throw core::error(core::errc::resource_exhausted, "zlib could not begin: out of memory");
  }
}

gzipped::~gzipped() {
  ::deflateEnd(&state_->stream);
  core::wipe(state_->input);
}

std::size_t gzipped::read(std::span<std::byte> out) {
  z_stream& stream = state_->stream;
  stream.next_out = bytes_of(out);
  stream.avail_out = static_cast<uInt>(out.size());
  while (stream.avail_out > 0 && !state_->ended) {
    if (stream.avail_in == 0 && !state_->all_in) {
      const std::size_t got = from_.read(state_->input);
      stream.next_in = bytes_of(state_->input);
      stream.avail_in = static_cast<uInt>(got);
      state_->all_in = got == 0;
    }
    state_->ended = ::deflate(&stream, state_->all_in ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_END;
  }
  return out.size() - stream.avail_out;
}

}  // namespace eunomia::object
