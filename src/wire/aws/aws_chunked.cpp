#include "wire/aws/aws_chunked.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "wire/aws/names.h"
#include "wire/http/text.h"

namespace eunomia::wire::aws {

namespace {

constexpr std::string_view signature_extension = "chunk-signature=";
constexpr std::string_view trailer_signature = "x-amz-trailer-signature";
constexpr std::string_view chunk_algorithm = "AWS4-HMAC-SHA256-PAYLOAD";
constexpr std::string_view trailer_algorithm = "AWS4-HMAC-SHA256-TRAILER";

template <class Number>
bool read_number(std::string_view text, int base, Number& into) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto [stopped, problem] = std::from_chars(begin, end, into, base);
  return !text.empty() && problem == std::errc() && stopped == end;
}

std::vector<std::string> names_of(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (const std::string_view name = http::trimmed(list.substr(0, comma)); !name.empty()) {
      names.push_back(lower_case(name));
    }
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

aws_chunked_decoder::aws_chunked_decoder(signing_context signer, payload form, std::string seed)
    : signer_(std::move(signer)), form_(form), previous_(std::move(seed)) {}

or_refusal<aws_chunked_decoder> aws_chunked_decoder::of(const http::request& head, const admitted& request) {
  aws_chunked_decoder made(request.signer, request.says.signs, request.says.signature);
  const auto length = head.header_named(header_name::decoded_content_length);
  if (!length || !read_number(*length, 10, made.left_)) {
    return refusal{refusal_kind::malformed_body,
                   "An aws-chunked body needs the header x-amz-decoded-content-length: the number of its bytes without "
                   "framing"};
  }
  if (made.has_trailer()) {
    made.trailers_named_ = names_of(head.header_named(header_name::trailer).value_or(""));
    if (made.trailers_named_.size() > max_trailers) {
      return refusal{refusal_kind::malformed_trailer,
                     fmt::format("x-amz-trailer names more than {} trailers (max_trailers)", max_trailers)};
    }
  }
  return made;
}

refusal aws_chunked_decoder::refused(refusal_kind kind, std::string_view why) const {
  return {kind, next_ == expected::trailer_line ? fmt::format("The trailers after chunk {}: {}", chunk_, why)
                                                : fmt::format("Chunk {}: {}", chunk_, why)};
}

std::optional<refusal> aws_chunked_decoder::take(std::string_view bytes, std::string& decoded) {
  while (!bytes.empty()) {
    if (next_ == expected::nothing) {
      return refused(refusal_kind::malformed_body, "bytes follow the end of the body");
    }
    if (next_ == expected::data) {
      take_data(bytes, decoded);
    } else if (auto why = take_line(bytes)) {
      return why;
    }
  }
  return std::nullopt;
}

void aws_chunked_decoder::take_data(std::string_view& bytes, std::string& decoded) {
  const std::string_view data = bytes.substr(0, std::min<std::uint64_t>(chunk_left_, bytes.size()));
  bytes.remove_prefix(data.size());
  decoded.append(data);
  if (has_signed_chunks()) {
    data_.update(data);
  }
  chunk_left_ -= data.size();
  if (chunk_left_ == 0) {
    next_ = expected::end_of_data;
  }
}

std::optional<refusal> aws_chunked_decoder::take_line(std::string_view& bytes) {
  const bool in_trailers = next_ == expected::trailer_line;
  const std::size_t limit = in_trailers ? max_trailer_bytes - trailer_bytes_ : max_line_bytes;
  const std::size_t end = bytes.find('\n');
  const std::string_view piece = bytes.substr(0, end);
  if (line_.size() + piece.size() >= limit) {
    return in_trailers ? refused(refusal_kind::malformed_trailer,
                                 fmt::format("they are longer than {} bytes (max_trailer_bytes)", max_trailer_bytes))
                       : refused(refusal_kind::malformed_body,
                                 fmt::format("its line is longer than {} bytes (max_line_bytes)", max_line_bytes));
  }
  line_.append(piece);
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  trailer_bytes_ += in_trailers ? line_.size() + 1 : 0;
  std::string line;
  line.swap(line_);
  if (line.ends_with('\r')) {
    line.pop_back();
  } else if (!in_trailers) {  // some clients end those that they sign with LF alone, as they sign them
    return refused(refusal_kind::malformed_body, "a line ends with LF, not with CRLF");
  }
  return read_line(line);
}

std::optional<refusal> aws_chunked_decoder::read_line(std::string_view line) {
  switch (next_) {
    case expected::size_line: return read_size(line);
    case expected::end_of_data:
      return line.empty() ? end_chunk()
                          : std::optional(refused(refusal_kind::malformed_body, "more data than its size"));
    case expected::trailer_line: return read_trailer(line);
    case expected::end_of_body:
      next_ = expected::nothing;
      return line.empty() ? std::nullopt
                          : std::optional(refused(refusal_kind::malformed_body, "no empty line ends the body"));
    case expected::data:
    case expected::nothing: break;
  }
  return std::nullopt;
}

std::optional<refusal> aws_chunked_decoder::read_size(std::string_view line) {
  const std::size_t semicolon = line.find(';');
  std::string_view extension = semicolon == std::string_view::npos ? std::string_view() : line.substr(semicolon + 1);
  if (!read_number(line.substr(0, semicolon), 16, chunk_left_)) {
    return refused(refusal_kind::malformed_body, "its line begins with no size in hexadecimal");
  }
  if (chunk_left_ > left_) {
    return refused(refusal_kind::incomplete_body,
                   fmt::format("it has {} bytes, and x-amz-decoded-content-length leaves {}", chunk_left_, left_));
  }
  if (has_signed_chunks()) {
    const bool named = extension.starts_with(signature_extension);
    extension.remove_prefix(named ? signature_extension.size() : 0);
    if (!named || !is_digest_text(extension)) {
      return refused(refusal_kind::malformed_body, "its line has no chunk-signature of 64 hexadecimal digits");
    }
    chunk_signature_ = extension;
  }
  left_ -= chunk_left_;
  is_last_ = chunk_left_ == 0;
  if (!is_last_) {
    next_ = expected::data;
    return std::nullopt;
  }
  if (left_ != 0) {
    return refused(refusal_kind::incomplete_body,
                   fmt::format("the body ends {} bytes before x-amz-decoded-content-length", left_));
  }
  if (has_trailer()) {
    return end_chunk();
  }
  next_ = expected::end_of_data;
  return std::nullopt;
}

std::optional<refusal> aws_chunked_decoder::end_chunk() {
  if (has_signed_chunks()) {
    const std::string signature = signer_.sign(
        chunk_algorithm, fmt::format("{}\n{}\n{}", previous_, sha256_of_nothing, core::to_hex(data_.finish())));
    if (!is_same_signature(signature, chunk_signature_)) {
      return refused(refusal_kind::signature_does_not_match, "its signature does not match its data");
    }
    previous_ = signature;
    data_ = core::sha256_hasher();
  }
  if (!is_last_) {
    ++chunk_;
    next_ = expected::size_line;
  } else {
    next_ = has_trailer() ? expected::trailer_line : expected::nothing;
  }
  return std::nullopt;
}

std::optional<refusal> aws_chunked_decoder::read_trailer(std::string_view line) {
  if (line.empty()) {
    // Some clients put one before the signature.
    return has_signed_chunks() ? std::nullopt : end_trailers();
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return refused(refusal_kind::malformed_trailer, "a line is not name:value");
  }
  const std::string name = lower_case(line.substr(0, colon));
  const std::string_view value = http::trimmed(line.substr(colon + 1));
  if (name == trailer_signature && has_signed_chunks()) {
    return check_trailers(value);
  }
  if (trailers_.size() == max_trailers) {
    return refused(refusal_kind::malformed_trailer, fmt::format("there are more than {} (max_trailers)", max_trailers));
  }
  signed_trailers_.append(name).append(":").append(value).append("\n");
  trailers_.push_back({name, std::string(value)});
  return std::nullopt;
}

std::optional<refusal> aws_chunked_decoder::check_trailers(std::string_view signature) {
  const std::string right =
      signer_.sign(trailer_algorithm, fmt::format("{}\n{}", previous_, core::to_hex(core::sha256(signed_trailers_))));
  if (!is_same_signature(right, signature)) {
    return refused(refusal_kind::signature_does_not_match, "their signature does not match them");
  }
  return end_trailers();
}

std::optional<refusal> aws_chunked_decoder::end_trailers() {
  std::vector<std::string> found;
  found.reserve(trailers_.size());
  for (const http::header& each : trailers_) {
    found.push_back(each.name);
  }
  std::sort(found.begin(), found.end());
  if (found != trailers_named_) {
    return refused(refusal_kind::malformed_trailer, "they are not those that x-amz-trailer names");
  }
  next_ = has_signed_chunks() ? expected::end_of_body : expected::nothing;
  return std::nullopt;
}

std::optional<refusal> aws_chunked_decoder::finish() const {
  return next_ == expected::nothing ? std::nullopt
                                    : std::optional(refused(refusal_kind::incomplete_body, "the body ends too early"));
}

}  // namespace eunomia::wire::aws
