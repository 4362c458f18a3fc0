using System;
using System.Diagnostics;
using System.IO;
using System.Net.Sockets;
using System.Threading;

namespace BranchXR
{
    /// <summary>Python in a process beside the game, over a WebSocket on loopback.</summary>
    /// <remarks>
    /// Two threads: one reaches the host and puts what it sends into the block, one sends what the game put
    /// there. Events stay in the block until the host says that it took them, so that neither a broken
    /// connection nor a domain reload loses any.
    /// </remarks>
    public sealed unsafe class WebSocketCarrier : IBranchCarrier
    {
        private const int StartDeadlineMs = 60000, ConnectDeadlineMs = 5000;
        private const int StartsMost = 5;
        private const int StartsWithinMs = 60000;
        private const int SendMost = 1 << 16;
        private const int CloseSlow = 4408, CloseReplaced = 4409;

        private readonly AutoResetEvent hasEvents = new AutoResetEvent(false);
        private readonly ManualResetEvent isEnding = new ManualResetEvent(false);
        private readonly ManualResetEvent hasRoom = new ManualResetEvent(false);
        private readonly byte[] sendBuffer = new byte[8 + SendMost];
        private byte[] receiveBuffer = new byte[1 << 16];
        private BranchBlock block;
        private HostPlan plan;
        private Thread reaching, sending;
        private volatile LoopbackSocket socket;
        private volatile CarrierState state = CarrierState.Reaching;
        private volatile BranchError fault;
        private volatile bool isUntold;
        private long sent, resentUpTo;
        private readonly Stopwatch sinceFirstStart = new Stopwatch();
        private int starts;

        /// <inheritdoc/>
        public string Name { get { return "beside the game"; } }

        /// <inheritdoc/>
        public CarrierState State { get { return state; } }

        /// <inheritdoc/>
        public BranchError Fault { get { return fault; } }

        /// <summary>How often a host was started.</summary>
        internal int Starts { get { return starts; } }

        /// <inheritdoc/>
        public void Start(BranchSettings settings, BranchBlock sharedBlock)
        {
            block = sharedBlock;
            plan = HostPlan.Of(settings, RunFolder.Path);
            reaching = Begin("BranchXR receive", Reach);
            sending = Begin("BranchXR send", Send);
        }

        /// <inheritdoc/>
        public void Wake() { hasEvents.Set(); }

        /// <inheritdoc/>
        public bool Fence(int deadlineMs) { return End(deadlineMs); }

        /// <inheritdoc/>
        public bool Stop(int deadlineMs)
        {
            // The last events, goodbye among them, go out first; the host ends by itself after it.
            var waited = Stopwatch.StartNew(); // not the time of day, which may be set back meanwhile
            hasEvents.Set();
            while (state == CarrierState.Connected && block.EventsOut.Position < block.EventsOut.Written &&
                waited.ElapsedMilliseconds < deadlineMs / 2)
            {
                Thread.Sleep(1);
            }
            isUntold = state != CarrierState.Connected || block.EventsOut.Position < block.EventsOut.Written;
            bool hasEnded = End(deadlineMs / 2);
            // What was not taken was for that host: the next one is another visit.
            block.EventsOut.Release(block.EventsOut.Written);
            return hasEnded;
        }

        private bool End(int deadlineMs)
        {
            isEnding.Set();
            hasEvents.Set();
            LoopbackSocket open = socket;
            if (open != null) open.Abort();
            var waited = Stopwatch.StartNew();
            bool hasEnded = reaching.Join(deadlineMs);
            return sending.Join(Math.Max(0, deadlineMs - (int)waited.ElapsedMilliseconds)) && hasEnded;
        }

        private static Thread Begin(string name, ThreadStart work)
        {
            var thread = new Thread(work) { Name = name, IsBackground = true };
            thread.Start();
            return thread;
        }

        // --- the receiving thread ---

        private void Reach()
        {
            int pauseMs = 50;
            while (!isEnding.WaitOne(0))
            {
                try
                {
                    LoopbackSocket open = ConnectToRunning() ?? Connect(StartHost());
                    pauseMs = 50;
                    Receive(open);
                }
                catch (BranchError error)
                {
                    fault = error;
                    if (error.Code != "host_closed") break; // another try would end as this one did
                }
                catch (Exception error) when (IsBroken(error))
                {
                    if (fault == null || fault.Code != "host_unreachable") fault = Unreachable(error);
                }
                catch (Exception error) // leaving a thread, it would end the game
                {
                    fault = Failed(error);
                    break;
                }
                Forget();
                if (isEnding.WaitOne(pauseMs)) break;
                pauseMs = Math.Min(2000, pauseMs * 2);
            }
            Forget();
            if (isUntold) HostProcess.LetGo(plan.ReadyFile);
            state = CarrierState.Ended;
        }

        // A host that a domain before this one started goes on; one that somebody else started is welcome.
        private LoopbackSocket ConnectToRunning()
        {
            HostAddress address = HostAddress.Read(plan.ReadyFile);
            if (address == null) return null;
            try { return Connect(address); }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused) { return null; }
            catch (UnauthorizedAccessException) { return null; } // another program has that port now
            catch (Exception error) when (IsBroken(error) && address.IsLeftBehind) { return null; }
        }

        private HostAddress StartHost()
        {
            if (starts == 0 || sinceFirstStart.ElapsedMilliseconds > StartsWithinMs)
            {
                starts = 0;
                sinceFirstStart.Restart();
            }
            if (++starts > StartsMost)
            {
                throw new BranchError(
                    "host_restarts", "expected a host that keeps running, got " + StartsMost + " that ended within a minute: " +
                    HostProcess.LogTail(plan.LogFile), plan.Python, "correct what " + plan.LogFile + " says");
            }
            return HostProcess.Start(plan, isEnding, StartDeadlineMs);
        }

        private LoopbackSocket Connect(HostAddress address)
        {
            string path = "/?block=" + block.Identity.ToString("x");
            LoopbackSocket open = LoopbackSocket.Open(address.Port, path, address.Token, ConnectDeadlineMs);
            sent = block.EventsOut.Position;
            resentUpTo = block.EventsOut.Written;
            socket = open;
            if (isEnding.WaitOne(0)) open.Abort();
            return open;
        }

        private void Receive(LoopbackSocket open)
        {
            while (true)
            {
                int length = open.Receive(ref receiveBuffer, BlockLayout.RecordMax + 16);
                if (length < 0) throw Closed(open);
                fixed (byte* message = receiveBuffer) Take(message, length);
            }
        }

        private void Take(byte* records, int length)
        {
            for (int at = 0; at < length;)
            {
                uint size = length - at >= 8 ? *(uint*)(records + at) : uint.MaxValue;
                if (size > BlockLayout.RecordMax || size > length - at - 8) throw Malformed(length);
                int whole = 8 + (int)((size + 7) & ~7u);
                TakeRecord(*(ushort*)(records + at + 4), records + at, whole, new RecordReader(records + at + 8, (int)size));
                at += whole;
            }
        }

        private void TakeRecord(ushort code, byte* record, int whole, RecordReader payload)
        {
            switch (code)
            {
                case RecordCode.Taken:
                    block.EventsOut.Release((long)TakenRecord.Read(ref payload).Position);
                    return;
                case RecordCode.Heartbeat:
                    block.Write(BlockAt.Heartbeat, (long)HeartbeatRecord.Read(ref payload).Count);
                    return;
                case RecordCode.Puppets:
                    int count, floats;
                    byte* ids = payload.Point(8, out count);
                    byte* poses = payload.Point(4, out floats);
                    if (floats == count * BlockLayout.PoseFloats) block.Puppets.Publish(ids, poses, count);
                    return;
                case RecordCode.Hello:
                    Greet(HelloRecord.Read(ref payload));
                    break;
            }
            // Without room the host waits with the rest, and drops frames first: nothing piles up here.
            while (!block.CommandsIn.TryPut(record, whole))
            {
                if (code == RecordCode.Frame)
                {
                    block.Add(BlockAt.CommandsDropped, 1);
                    return;
                }
                if (isEnding.WaitOne(2)) return;
            }
        }

        private void Greet(HelloRecord hello)
        {
            if (hello.Version != BlockLayout.Version)
            {
                throw new BranchError(
                    "layout_mismatch", "expected layout version " + BlockLayout.Version + ", got " + hello.Version, "host",
                    "use the package that `branchxr unity export` of the same branchxr gives");
            }
            block.EventsOut.Release((long)hello.Taken);
            fault = null;
            state = CarrierState.Connected;
            hasRoom.Set();
            hasEvents.Set();
        }

        private void Forget()
        {
            LoopbackSocket open = socket;
            socket = null;
            hasRoom.Reset();
            if (state == CarrierState.Connected) state = CarrierState.Reaching;
            if (open != null) open.Dispose();
        }

        // --- the sending thread ---

        private void Send()
        {
            var handles = new WaitHandle[] { isEnding, hasRoom };
            while (WaitHandle.WaitAny(handles) == 1)
            {
                LoopbackSocket open = socket;
                if (open == null)
                {
                    isEnding.WaitOne(1);
                    continue;
                }
                try
                {
                    int length = Gather();
                    if (length > 0) open.Send(sendBuffer, length);
                    else hasEvents.WaitOne(100);
                }
                catch (Exception error) when (IsBroken(error))
                {
                    isEnding.WaitOne(10); // the receiving thread sees it too, and reconnects
                }
                catch (Exception error)
                {
                    fault = Failed(error);
                    state = CarrierState.Ended;
                    return;
                }
            }
        }

        // The records that follow one another from `sent` on. Poses that waited for a new connection are
        // left out: the body would be shown where it was.
        private int Gather()
        {
            int length = 8;
            long start = 0;
            ushort code;
            byte* payload;
            int count;
            long after;
            while (block.EventsOut.TryPeek(sent, out code, out payload, out count, out after))
            {
                bool isOld = sent < resentUpTo && code == RecordCode.Pose;
                int whole = 8 + ((count + 7) & ~7);
                bool isNext = length == 8 || sent == start + length - 8;
                if (!isOld && (!isNext || length + whole > sendBuffer.Length)) break;
                if (!isOld)
                {
                    if (length == 8) start = after - whole;
                    fixed (byte* to = sendBuffer) Buffer.MemoryCopy(payload - 8, to + length, whole, whole);
                    length += whole;
                }
                sent = after;
                if (isOld && length > 8) break;
            }
            if (length == 8) return 0;
            fixed (byte* to = sendBuffer) *(long*)to = start;
            return length;
        }

        // --- what goes wrong ---

        private static bool IsBroken(Exception error)
        {
            return error is IOException || error is SocketException || error is ObjectDisposedException ||
                error is UnauthorizedAccessException;
        }

        private BranchError Unreachable(Exception error)
        {
            var socketError = error as SocketException;
            bool isSilent = socketError != null &&
                (socketError.SocketErrorCode == SocketError.TimedOut || socketError.SocketErrorCode == SocketError.WouldBlock);
            string came = isSilent ? "no answer within " + ConnectDeadlineMs / 1000 + " s" : error.GetType().Name + ": " + error.Message;
            return new BranchError(
                "host_unreachable", "expected the host beside the game, got " + came, "WebSocketCarrier",
                "it is tried again; the log is " + plan.LogFile, error);
        }

        private static BranchError Failed(Exception error)
        {
            var known = error as BranchError;
            return known ?? new BranchError(
                "carrier_failed", "expected the carrier to go on, got " + error.GetType().Name + ": " + error.Message,
                "WebSocketCarrier", "start the stage again, and tell us", error);
        }

        private static BranchError Closed(LoopbackSocket open)
        {
            if (open.CloseCode == CloseReplaced)
            {
                return new BranchError(
                    "host_replaced", "expected this game alone at its host, got another that took its place",
                    "WebSocketCarrier", "let one stage run at a time");
            }
            return new BranchError(
                "host_closed", "expected an open connection, got a close " + open.CloseCode + " " + open.CloseReason, "WebSocketCarrier",
                open.CloseCode == CloseSlow ? "it is tried again; let the script say less at once, and await in between" : "it is tried again");
        }

        private static BranchError Malformed(int length)
        {
            return new BranchError(
                "record_malformed", "expected whole records, got " + length + " bytes of something else", "WebSocketCarrier",
                "use the package and the Python of one version");
        }
    }
}
