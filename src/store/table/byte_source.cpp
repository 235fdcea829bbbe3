#include "store/table/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"

namespace eunomia::store::table {

namespace {

constexpr std::size_t block_bytes = std::size_t(1) << 18;
constexpr int gzip_window_bits = 15 + 16;

}  // namespace

struct byte_source::state {
  explicit state(const std::filesystem::path& path_) : path(path_), file(core::open_file(path_, O_RDONLY)) {
    struct stat status = {};
    if (fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode)) {
      size = static_cast<std::uint64_t>(status.st_size);
      posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    }
    refill();
    zipped =
        block_size >= 2 && static_cast<unsigned char>(block[0]) == 0x1f && static_cast<unsigned char>(block[1]) == 0x8b;
    if (zipped && inflateInit2(&stream, gzip_window_bits) != Z_OK) {
      throw core::error(core::errc::resource_exhausted, path.string() + ": no memory to decompress it");
    }
  }
  ~state() {
    if (zipped) {
      inflateEnd(&stream);
    }
  }

  void refill() {
    block.resize(block_bytes);
    at = 0;
    block_size = 0;
    // A pipe gives little at a time, and the two magic bytes must not come apart.
    while (block_size < 2) {
      const ssize_t got = ::read(file.get(), block.data() + block_size, block_bytes - block_size);
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got < 0) {
        core::throw_system_error(errno, "cannot read", path);
      }
      if (got == 0) {
        break;
      }
      block_size += static_cast<std::size_t>(got);
    }
    taken += block_size;
    hasher.update(std::string_view(block.data(), block_size));
  }

  [[noreturn]] void damaged(const char* what) const {
    throw core::error(core::errc::invalid_argument, path.string() + ": " + what + " (after " + std::to_string(taken) +
                                                        " bytes of the file); fetch or compress it again");
  }

  std::size_t inflate_into(std::span<char> into) {
    stream.next_out = reinterpret_cast<Bytef*>(into.data());
    stream.avail_out = static_cast<uInt>(into.size());
    while (stream.avail_out > 0) {
      if (at == block_size) {
        refill();
        if (block_size == 0) {
          if (in_member) {
            damaged("the gzip file ends in the middle of a block: it was cut");
          }
          break;
        }
      }
      if (!in_member) {
        inflateReset(&stream);
        in_member = true;
      }
      stream.next_in = reinterpret_cast<Bytef*>(block.data() + at);
      stream.avail_in = static_cast<uInt>(block_size - at);
      const int status = inflate(&stream, Z_NO_FLUSH);
      at = block_size - stream.avail_in;
      if (status == Z_STREAM_END) {
        in_member = false;
      } else if (status != Z_OK && status != Z_BUF_ERROR) {
        damaged(stream.msg != nullptr ? stream.msg : "the gzip data is damaged");
      }
    }
    return into.size() - stream.avail_out;
  }

  std::filesystem::path path;
  core::file_descriptor file;
  std::uint64_t size = 0;
  std::uint64_t taken = 0;
  bool zipped = false;
  bool in_member = true;
  z_stream stream = {};
  std::vector<char> block;
  std::size_t block_size = 0;
  std::size_t at = 0;
  core::xxh3_hasher hasher;
};

byte_source::byte_source(const std::filesystem::path& file) : state_(std::make_unique<state>(file)) {}
byte_source::~byte_source() = default;

std::size_t byte_source::read(std::span<char> into) {
  state& s = *state_;
  if (s.zipped) {
    return s.inflate_into(into);
  }
  if (s.at == s.block_size && s.block_size > 0) {
    s.refill();
  }
  const std::size_t count = std::min(into.size(), s.block_size - s.at);
  std::copy_n(s.block.data() + s.at, count, into.data());
  s.at += count;
  return count;
}

std::uint64_t byte_source::file_bytes() const {
  return state_->size;
}
std::uint64_t byte_source::file_bytes_read() const {
  return state_->taken;
}
core::digest128 byte_source::digest() const {
  return state_->hasher.finish();
}

}  // namespace eunomia::store::table
