using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace BranchXR
{
    /// <summary>The client's side of a WebSocket (RFC 6455) to the host beside the game, and no more than that.</summary>
    /// <remarks>
    /// Blocking, one thread receives and one sends. ClientWebSocket was measured first: a round trip took half as
    /// long again, and after each domain reload its state machines are compiled anew (docs/adr/0004).
    /// </remarks>
    internal sealed class LoopbackSocket : IDisposable
    {
        private const string Guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455 section 1.3
        private const int Binary = 2, Close = 8, Ping = 9, Pong = 10;
        private const int HandshakeMost = 4096, ControlMost = 125;

        private readonly Socket socket;
        private readonly object sending = new object();
        private readonly byte[] input = new byte[1 << 16];
        private int inputAt, inputEnd;
        private byte[] output = new byte[1 << 12];
        private uint mask = (uint)Environment.TickCount | 1;

        private LoopbackSocket(Socket socket) { this.socket = socket; }

        /// <summary>Close code of the host, once <see cref="Receive"/> has returned -1.</summary>
        internal int CloseCode { get; private set; }

        /// <summary>What the host said when it closed.</summary>
        internal string CloseReason { get; private set; }

        /// <exception cref="SocketException">Nobody listens.</exception>
        /// <exception cref="UnauthorizedAccessException">It is a host of another launch, or no host.</exception>
        /// <exception cref="IOException">Whoever listens hung up.</exception>
        internal static LoopbackSocket Open(int port, string path, string token, int timeoutMs)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            var open = new LoopbackSocket(socket);
            try
            {
                socket.ReceiveTimeout = socket.SendTimeout = timeoutMs;
                socket.Connect(IPAddress.Loopback, port);
                open.Shake(port, path, token);
                socket.ReceiveTimeout = 0;
                return open;
            }
            catch
            {
                socket.Close();
                throw;
            }
        }

        /// <summary>Receive one message into a buffer that grows up to a limit; return its bytes, or -1 at the end.</summary>
        internal int Receive(ref byte[] buffer, int most)
        {
            int length = 0;
            while (true)
            {
                int first = NextByte(), second = NextByte();
                int opcode = first & 15, size = Size(second & 127, most);
                if ((second & 128) != 0 || (first & 0x70) != 0) throw Broken("an unmasked frame without extensions");
                if (opcode >= Close)
                {
                    if (size > ControlMost) throw Broken("a control frame of at most 125 bytes");
                    if (!TakeControl(opcode, size)) return -1;
                    continue;
                }
                if (size > most - length) throw Broken("a message of at most " + most + " bytes");
                while (buffer.Length < length + size) Array.Resize(ref buffer, Math.Min(most, buffer.Length * 2));
                Fill(buffer, length, size);
                length += size;
                if ((first & 128) != 0) return length;
            }
        }

        /// <summary>Send one binary message.</summary>
        internal void Send(byte[] message, int count) { Send(Binary, message, count); }

        /// <summary>End a <see cref="Receive"/> or <see cref="Send"/> that waits.</summary>
        internal void Abort()
        {
            // Closing alone does not wake who waits on every platform; shutting down does.
            try { socket.Shutdown(SocketShutdown.Both); }
            catch (SocketException) { }
            catch (ObjectDisposedException) { }
            socket.Close();
        }

        public void Dispose() { Abort(); }

        private void Shake(int port, string path, string token)
        {
            string key = Convert.ToBase64String(System.Guid.NewGuid().ToByteArray());
            string request = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + port +
                "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key +
                "\r\nSec-WebSocket-Protocol: " + BlockLayout.Subprotocol + "\r\nAuthorization: Bearer " + token + "\r\n\r\n";
            byte[] bytes = Encoding.ASCII.GetBytes(request);
            SendAll(bytes, bytes.Length);
            var answer = new StringBuilder();
            while (answer.Length < HandshakeMost && !EndsHeaders(answer)) answer.Append((char)NextByte());
            string text = answer.ToString();
            string accepted;
            // Not SHA1.Create(), which asks the machine's configuration first: 50 ms after each reload.
            using (var sha = new SHA1Managed()) accepted = Convert.ToBase64String(sha.ComputeHash(Encoding.ASCII.GetBytes(key + Guid)));
            bool isHost = text.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal) && text.Contains(accepted);
            if (!isHost) throw new UnauthorizedAccessException("a host that lets this game in, not '" + text.Split('\r')[0] + "'");
        }

        private static bool EndsHeaders(StringBuilder text)
        {
            int end = text.Length;
            return end >= 4 && text[end - 4] == '\r' && text[end - 3] == '\n' && text[end - 2] == '\r' && text[end - 1] == '\n';
        }

        private int Size(int size, int most)
        {
            if (size < 126) return size;
            long large = 0;
            for (int count = size == 126 ? 2 : 8; count > 0; count--) large = large << 8 | (uint)NextByte();
            if (large < 0 || large > most) throw Broken("a frame of at most " + most + " bytes");
            return (int)large;
        }

        private bool TakeControl(int opcode, int size)
        {
            var payload = new byte[size];
            Fill(payload, 0, size);
            if (opcode == Ping) Send(Pong, payload, size);
            if (opcode != Close) return true;
            CloseCode = size >= 2 ? payload[0] << 8 | payload[1] : 1005;
            CloseReason = size > 2 ? Encoding.UTF8.GetString(payload, 2, size - 2) : "";
            return false;
        }

        // RFC 6455 section 5.3 asks for a mask nobody can foresee, because of proxies between; there is none on
        // loopback, and the host has shown that it is ours: any mask will do.
        private void Send(int opcode, byte[] message, int count)
        {
            lock (sending)
            {
                int at = count < 126 ? 2 : count < 65536 ? 4 : 10;
                if (output.Length < at + 4 + count) output = new byte[Math.Max(output.Length * 2, at + 4 + count)];
                output[0] = (byte)(128 | opcode);
                output[1] = (byte)(128 | (count < 126 ? count : count < 65536 ? 126 : 127));
                for (int index = 2; index < at; index++)
                {
                    int shift = 8 * (at - 1 - index);
                    output[index] = shift > 24 ? (byte)0 : (byte)(count >> shift);
                }
                mask = mask * 1664525 + 1013904223;
                for (int index = 0; index < 4; index++) output[at + index] = (byte)(mask >> (8 * index));
                for (int index = 0; index < count; index++)
                {
                    output[at + 4 + index] = (byte)(message[index] ^ output[at + (index & 3)]);
                }
                SendAll(output, at + 4 + count);
            }
        }

        private void SendAll(byte[] bytes, int count)
        {
            for (int sent = 0; sent < count;) sent += socket.Send(bytes, sent, count - sent, SocketFlags.None);
        }

        private int NextByte()
        {
            if (inputAt == inputEnd) Refill();
            return input[inputAt++];
        }

        private void Fill(byte[] into, int at, int count)
        {
            while (count > 0)
            {
                if (inputAt == inputEnd) Refill();
                int part = Math.Min(count, inputEnd - inputAt);
                Buffer.BlockCopy(input, inputAt, into, at, part);
                inputAt += part;
                at += part;
                count -= part;
            }
        }

        private void Refill()
        {
            inputAt = 0;
            inputEnd = socket.Receive(input, 0, input.Length, SocketFlags.None);
            if (inputEnd == 0) throw Broken("an open connection");
        }

        private static IOException Broken(string expected) { return new IOException("expected " + expected); }
    }
}
