#include "wire/http/client.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "core/error.h"
#include "wire/http/client_connection.h"
#include "wire/http/response_parser.h"

namespace eunomia::wire::http {

namespace {

constexpr std::size_t max_answer_bytes = std::size_t{256} << 20;
constexpr std::size_t buffer_bytes = 64 * 1024;

// What is sent after the head; told how to send.
using body_writer = std::function<void(client_connection&)>;
using body_reader = std::function<void(unsigned status, std::string_view piece)>;

void check_line(std::string_view what, std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7F) {
      throw core::error(core::errc::invalid_argument,
                        "cannot send a " + std::string(what) + " with a blank or a control character");
    }
  }
}

// A value may hold blanks, as an Authorization does; a line break would begin another header.
void check_header(const header& one) {
  check_line("header name", one.name);
  for (const char c : one.value) {
    if ((static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7F) {
      throw core::error(core::errc::invalid_argument,
                        "cannot send the header " + one.name + ": its value holds a control character");
    }
  }
}

class socket_client final : public client {
 public:
  explicit socket_client(const client_options& options)
      : address_(address_of_url(options.url)),
        tls_(address_.secure ? make_client_context(options.certificate_authority) : nullptr),
        token_(options.token),
        timeout_(options.timeout) {
    check_line("token", token_);
  }

  answer send(method verb, const std::string& target, const std::string& body, std::string_view content_type) override {
    std::string text;
    const auto keep = [&](unsigned, std::string_view piece) { keep_in_memory(text, piece, max_answer_bytes); };
    const std::string head = head_of(verb, target, body.size(), body.empty() ? "" : content_type);
    answer result = exchange(
        verb, head, [&](client_connection& to) { to.write(body); }, keep);
    result.body = std::move(text);
    return result;
  }

  answer send_file(method verb, const std::string& target, const std::filesystem::path& body,
                   std::string_view content_type, const std::function<void(std::uint64_t)>& sent) override {
    const core::file_descriptor file = core::open_file(body, O_RDONLY);
    struct stat about {};
    if (::fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode)) {
      throw core::error(core::errc::invalid_argument, "cannot send " + body.string() + ": it is not a regular file");
    }
    const auto size = static_cast<std::uint64_t>(about.st_size);
    std::string text;
    const auto keep = [&](unsigned, std::string_view piece) { keep_in_memory(text, piece, max_answer_bytes); };
    const auto write = [&](client_connection& to) { write_file(to, file.get(), 0, size, body, sent); };
    answer result = exchange(verb, head_of(verb, target, size, content_type), write, keep);
    result.body = std::move(text);
    return result;
  }

  answer receive_file(const std::string& target, const std::filesystem::path& into, const std::string& body) override {
    const method verb = body.empty() ? method::get : method::post;
    const std::string head = head_of(verb, target, body.size(), body.empty() ? "" : "application/json");
    return exchange_into(
        verb, head, [&](client_connection& to) { to.write(body); }, into, max_answer_bytes);
  }

  answer perform(const plain_request& what, std::size_t max_bytes) override {
    std::string head = first_line(what.verb, what.target);
    for (const header& each : what.headers) {
      check_header(each);
      head.append(each.name).append(": ").append(each.value).append("\r\n");
    }
    const std::uint64_t length = what.file.empty() ? what.body.size() : what.file_bytes;
    if (length > 0 || takes_a_body(what.verb)) {
      head.append("Content-Length: ").append(std::to_string(length)).append("\r\n");
    }
    head.append("\r\n");
    core::file_descriptor file;
    if (!what.file.empty()) {
      file = core::open_file(what.file, O_RDONLY);
    }
    const auto write = [&](client_connection& to) {
      file ? write_file(to, file.get(), what.file_at, length, what.file, {}) : to.write(what.body);
    };
    return exchange_into(what.verb, head, write, what.into, max_bytes);
  }

  const std::string& authority() const override { return address_.authority; }

 private:
  static void keep_in_memory(std::string& text, std::string_view piece, std::size_t most) {
    if (text.size() + piece.size() > most) {
      throw core::error(core::errc::resource_exhausted,
                        "the answer is larger than max_answer_bytes = " + std::to_string(most));
    }
    text.append(piece);
  }

  static bool takes_a_body(method verb) { return verb == method::post || verb == method::put || verb == method::patch; }

  // The body of a 200 into a file where one is named, any other into memory.
  answer exchange_into(method verb, const std::string& head, const body_writer& write,
                       const std::filesystem::path& into, std::size_t max_bytes) {
    std::string text;
    std::optional<core::atomic_file> file;
    const auto keep = [&](unsigned status, std::string_view piece) {
      if (status != 200 || into.empty()) {
        keep_in_memory(text, piece, max_bytes);
        return;
      }
      if (!file) {
        file.emplace(into);
      }
      file->write(piece);
    };
    answer result = exchange(verb, head, write, keep);
    if (result.status == 200 && !into.empty()) {
      if (!file) {
        file.emplace(into);  // an empty body is an empty file
      }
      file->commit();
    }
    result.body = std::move(text);
    return result;
  }

  static std::string first_line(method verb, const std::string& target) {
    if (!target.starts_with('/')) {
      throw core::error(core::errc::invalid_argument, "a request target begins with /");
    }
    check_line("request target", target);
    std::string head(name_of(verb));
    return head.append(" ").append(target).append(" HTTP/1.1\r\nUser-Agent: eunomia\r\nAccept: */*\r\n");
  }

  std::string head_of(method verb, const std::string& target, std::uint64_t length, std::string_view type) const {
    std::string head = first_line(verb, target);
    head.append("Host: ").append(address_.authority).append("\r\n");
    if (!token_.empty()) {
      head.append("Authorization: Bearer ").append(token_).append("\r\n");
    }
    if (!type.empty()) {
      head.append("Content-Type: ").append(type).append("\r\n");
    }
    if (length > 0 || takes_a_body(verb)) {
      head.append("Content-Length: ").append(std::to_string(length)).append("\r\n");
    }
    return head.append("\r\n");
  }

  // A server may answer before it has read all, to refuse: then no more is sent.
  static void write_file(client_connection& to, int file, std::uint64_t from, std::uint64_t size,
                         const std::filesystem::path& path, const std::function<void(std::uint64_t)>& sent) {
    std::string piece;
    for (std::uint64_t at = from; at < from + size && !to.has_input();) {
      piece.resize(std::min<std::uint64_t>(buffer_bytes, from + size - at));
      const ssize_t got = ::pread(file, piece.data(), piece.size(), static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got <= 0) {
        core::throw_system_error(got < 0 ? errno : EIO, "read to its end", path);
      }
      to.write(std::string_view(piece).substr(0, static_cast<std::size_t>(got)));
      at += static_cast<std::uint64_t>(got);
      if (sent) {
        sent(at - from);
      }
    }
  }

  // A connection that was kept may have been closed by the server meanwhile: that shows before anything is sent.
  client_connection& connection() {
    if (connection_ && connection_->has_input()) {
      connection_.reset();
    }
    if (!connection_) {
      connection_.emplace(address_, tls_, timeout_);
    }
    return *connection_;
  }

  answer exchange(method verb, const std::string& head, const body_writer& write, const body_reader& read) {
    client_connection& to = connection();
    try {
      bool sent_all = true;
      try {
        to.write(head);
        write(to);
      } catch (const core::error& broken) {
        if (broken.code() != core::errc::unavailable) {
          throw;
        }
        sent_all = false;  // refused half-way, perhaps: there may be an answer that says why
      }
      answer result = read_answer(to, verb, read);
      if (!sent_all || !keep_) {
        connection_.reset();
      }
      return result;
    } catch (...) {
      connection_.reset();
      throw;
    }
  }

  answer read_answer(client_connection& from, method verb, const body_reader& read) {
    std::string buffer;
    std::size_t filled = 0;
    answer result;
    while (true) {
      response_parser parser([&](std::string_view piece) { read(result.status, piece); }, verb == method::head);
      while (!parser.done()) {
        const std::size_t used = filled > 0 ? parser.read({buffer.data(), filled}) : 0;
        if (parser.has_head()) {
          result.status = parser.status();
        }
        buffer.erase(0, used);
        filled -= used;
        if (used > 0 || parser.done()) {
          continue;
        }
        buffer.resize(filled + buffer_bytes);
        const std::size_t got = from.read({buffer.data() + filled, buffer_bytes});
        filled += got;
        if (got == 0) {
          if (!parser.ends()) {
            throw core::error(core::errc::unavailable,
                              address_.authority + " closed the connection before its answer was whole");
          }
          keep_ = false;
          result.headers = std::move(parser.headers());
          return result;
        }
      }
      if (parser.status() >= 200) {
        keep_ = parser.keeps_connection() && filled == 0;
        result.headers = std::move(parser.headers());
        return result;
      }
    }
  }

  const server_address address_;
  const tls_context tls_;
  const std::string token_;
  const std::chrono::milliseconds timeout_;
  std::optional<client_connection> connection_;
  bool keep_ = false;
};

}  // namespace

std::unique_ptr<client> client::open(const client_options& options) {
  return std::make_unique<socket_client>(options);
}

}  // namespace eunomia::wire::http
