using System;
using System.Collections.Generic;
using System.Diagnostics;
using BranchXR.Frames;
using BranchXR.Panels;
using UnityEngine;

namespace BranchXR
{
    /// <summary>What a stage knows of the branch, without anything that is drawn. One thread, never waits.</summary>
    internal sealed unsafe partial class BranchSession
    {
        private const double StalledMs = 2000;

        /// <summary>A script that imports much takes its time; until then nothing is shown that could stall.</summary>
        private const double StartsWithinMs = 10000;

        private const float HalfCellM = 16;

        private readonly Lifetime lifetime = new Lifetime();
        private readonly Dictionary<int, Vector3> origins = new Dictionary<int, Vector3>();
        private readonly Stopwatch time = Stopwatch.StartNew();
        private BranchSettings settings;
        private long budgetTicks;
        private long heartbeat;
        private double heartbeatAtMs;
        private BranchError carrierFault;
        private bool wasConnected;

        internal readonly Interpolator Bodies;
        internal readonly Dictionary<string, BranchPerson> People = new Dictionary<string, BranchPerson>();
        internal readonly BranchPanels Panels = new BranchPanels();
        internal readonly Confirmations Confirmations;

        internal BranchBlock Block { get; private set; }

        internal IBranchCarrier Carrier { get; private set; }

        internal BranchState State { get { return lifetime.State; } }

        /// <summary>What is wrong just now, or was last.</summary>
        internal BranchError Fault { get; private set; }

        internal YouRecord You { get; private set; }

        internal BranchRecord Branch { get; private set; }

        internal AnchorPlaceRow[] Anchors { get; private set; }

        internal CellPlaceRow[] Cells { get; private set; }

        internal bool IsBranchConnected { get; private set; }

        internal event Action<BranchError> Faulted;
        internal event Action Greeted;
        internal event Action<BranchPerson> Entered;
        internal event Action<BranchPerson> Left;
        internal event Action<HeardRecord> Heard;
        internal event Action<PlaceRecord> Placed;
        internal event Action<NoticeRecord> Noticed;
        internal event Action<EndedRecord> Ended;
        internal event Action<AccountLineRow[]> AccountsChanged;
        internal event Action<SpawnRecord> Spawned;
        internal event Action<MoveRecord> Moved;
        internal event Action<RemoveRecord> Removed;
        internal event Action<LiveRecord> LiveMoved;
        internal event Action<SceneRecord> SceneShown;
        internal event Action<AnchorPlaceRow[]> AnchorsShown;
        internal event Action<PathRecord> PathFound;
        internal event Action<ulong> Ponged;

        internal BranchSession()
        {
            Bodies = new Interpolator(OriginOf);
            Confirmations = new Confirmations(Answer);
            Panels.Pressed += Press;
            Anchors = new AnchorPlaceRow[0];
            Cells = new CellPlaceRow[0];
        }

        /// <summary>This side's own clock, milliseconds.</summary>
        internal double NowMs { get { return time.Elapsed.TotalMilliseconds; } }

        // --- the lifetime ---

        /// <summary>Begin to reach Python by a carrier; also after a domain reload.</summary>
        internal void Start(BranchSettings given, IBranchCarrier carrier)
        {
            RequireMainThread("Start");
            lifetime.Go(BranchState.Starting);
            settings = given;
            budgetTicks = (long)(given.budgetMs * Stopwatch.Frequency / 1000);
            Fault = carrierFault = null;
            wasConnected = false;
            heartbeatAtMs = NowMs;
            Block = BranchBlock.OfProcess();
            Block.Puppets.Release();
            Block.Write(BlockAt.Fence, (Block.Read(BlockAt.Fence) | 1) + 1); // even, and another than before
            Carrier = carrier;
            carrier.Start(given, Block);
        }

        /// <summary>Let nothing cross any more, and lose nothing: the game's code is about to be exchanged.</summary>
        internal void Fence(int deadlineMs)
        {
            RequireMainThread("Fence");
            if (!lifetime.IsOn) return;
            lifetime.Go(BranchState.Fenced);
            Block.Write(BlockAt.Fence, Block.Read(BlockAt.Fence) | 1);
            Block.Puppets.Release();
            Carrier.Fence(deadlineMs);
        }

        /// <summary>Say goodbye and end Python, within a deadline.</summary>
        internal void Stop(int deadlineMs)
        {
            RequireMainThread("Stop");
            if (State == BranchState.Off) return;
            lifetime.Go(BranchState.Stopping);
            Confirmations.Clear();
            new ByeRecord().Write(Fresh());
            Put(0);
            Carrier.Stop(deadlineMs);
            Block.Puppets.Release();
            Forget();
            lifetime.Go(BranchState.Off);
        }

        /// <summary>Handle what Python sent since the last frame, for as long as the budget lasts.</summary>
        internal void Frame()
        {
            if (!lifetime.IsOn) return;
            try { Drain(); }
            catch (BranchError error) { Report(error); }
            Confirmations.Tick(NowMs / 1000);
            Watch();
        }

        private void Drain()
        {
            long until = Stopwatch.GetTimestamp() + budgetTicks;
            ushort code;
            byte* payload;
            int count;
            while (Block.Commands.TryPeek(out code, out payload, out count))
            {
                try { Take(code, payload, count); }
                finally { Block.Commands.Advance(); }
                if (Stopwatch.GetTimestamp() > until) break;
            }
        }

        private void Watch()
        {
            BranchError now = Carrier.Fault;
            if (now != null && !ReferenceEquals(now, carrierFault)) Report(now);
            carrierFault = now;
            if (Carrier.State == CarrierState.Ended) End();
            else if (Carrier.State == CarrierState.Connected) wasConnected = true;
            else if (wasConnected && State == BranchState.Running)
            {
                // Lost. Before it was ever seen connected it is only late: Python's greeting may be here before
                // the carrier's own thread has come to say so.
                wasConnected = false;
                lifetime.Go(BranchState.Starting);
            }
            if (State == BranchState.Running) WatchHeartbeat(StalledMs);
            else if (State == BranchState.Starting && Carrier.State == CarrierState.Connected) WatchHeartbeat(StartsWithinMs);
        }

        private void End()
        {
            if (State == BranchState.Running) lifetime.Go(BranchState.Starting);
            Carrier.Fence(0); // whichever of its threads still runs
            Confirmations.Clear();
            Forget();
            lifetime.Go(BranchState.Off);
        }

        private void WatchHeartbeat(double withinMs)
        {
            long now = Block.Read(BlockAt.Heartbeat);
            if (now != heartbeat)
            {
                heartbeat = now;
                heartbeatAtMs = NowMs;
                if (Fault != null && Fault.Code == "python_stalled") Fault = null;
            }
            else if (NowMs - heartbeatAtMs > withinMs && (Fault == null || Fault.Code != "python_stalled"))
            {
                Report(new BranchError(
                    "python_stalled", "expected Python to answer every half second, got nothing for " + (int)withinMs + " ms",
                    TheScript, "let it await: a call that blocks belongs in asyncio.to_thread; the game itself goes on"));
            }
        }

        private void Report(BranchError error)
        {
            Fault = error;
            if (Faulted != null) Faulted(error);
        }

        private void Forget()
        {
            foreach (BranchPerson person in new List<BranchPerson>(People.Values)) Remove(person.Id);
            Panels.Clear();
            Bodies.Clear();
        }

        // --- what Python sends ---

        private void Take(ushort code, byte* payload, int count)
        {
            // After a reload, what was meant for the code before it may still be here: Python greets, and says
            // everything that holds anew.
            if (State != BranchState.Running && code != RecordCode.Hello && code != RecordCode.Fault) return;
            if (code == RecordCode.Frame)
            {
                string refused = Bodies.Feed(payload, count, NowMs);
                if (refused != null) Report(new BranchError("frame_refused", refused, "cell frame", "use one version on both sides"));
                return;
            }
            var reader = new RecordReader(payload, count);
            if (!TakePresence(code, ref reader) && !TakeScene(code, ref reader)) TakeState(code, ref reader);
        }

        private bool TakePresence(ushort code, ref RecordReader reader)
        {
            switch (code)
            {
                case RecordCode.Present: Present(PresentRecord.Read(ref reader)); return true;
                case RecordCode.Left: Remove(LeftRecord.Read(ref reader).Id); return true;
                case RecordCode.You: You = YouRecord.Read(ref reader); return true;
                case RecordCode.Heard: Tell(Heard, HeardRecord.Read(ref reader)); return true;
                case RecordCode.Place: Tell(Placed, PlaceRecord.Read(ref reader)); return true;
                case RecordCode.BranchLink: IsBranchConnected = BranchLinkRecord.Read(ref reader).IsConnected; return true;
                case RecordCode.Accounts: Tell(AccountsChanged, AccountsRecord.Read(ref reader).Accounts); return true;
                default: return false;
            }
        }

        private bool TakeScene(ushort code, ref RecordReader reader)
        {
            switch (code)
            {
                case RecordCode.Scene: Tell(SceneShown, SceneRecord.Read(ref reader)); return true;
                case RecordCode.Anchors:
                    Anchors = AnchorsRecord.Read(ref reader).Anchors;
                    Tell(AnchorsShown, Anchors);
                    return true;
                case RecordCode.Spawn: Tell(Spawned, SpawnRecord.Read(ref reader)); return true;
                case RecordCode.Move: Tell(Moved, MoveRecord.Read(ref reader)); return true;
                case RecordCode.Remove: Tell(Removed, RemoveRecord.Read(ref reader)); return true;
                case RecordCode.Live: Tell(LiveMoved, LiveRecord.Read(ref reader)); return true;
                case RecordCode.Path: Tell(PathFound, PathRecord.Read(ref reader)); return true;
                case RecordCode.Cells:
                    Cells = CellsRecord.Read(ref reader).Cells;
                    origins.Clear();
                    foreach (CellPlaceRow cell in Cells) origins[(int)cell.Id] = new Vector3(cell.X, cell.Y, cell.Z);
                    return true;
                default: return false;
            }
        }

        private void TakeState(ushort code, ref RecordReader reader)
        {
            switch (code)
            {
                case RecordCode.Hello: Greet(HelloRecord.Read(ref reader)); break;
                case RecordCode.Branch: Branch = BranchRecord.Read(ref reader); break;
                case RecordCode.Pong: Tell(Ponged, PongRecord.Read(ref reader).Stamp); break;
                case RecordCode.Notice: Tell(Noticed, NoticeRecord.Read(ref reader)); break;
                case RecordCode.Panel: Open(PanelRecord.Read(ref reader)); break;
                case RecordCode.PanelClosed: Panels.Close(PanelClosedRecord.Read(ref reader).Name); break;
                case RecordCode.Ask:
                    AskRecord ask = AskRecord.Read(ref reader);
                    // One that is open already was asked again by a host that came back.
                    Confirmation open = Confirmations.Current;
                    if (open == null || open.Id != ask.Id) Confirmations.Ask(ask.Id, ask.Canonical, Branch.RpId);
                    break;
                case RecordCode.AskOver: Confirmations.Over(AskOverRecord.Read(ref reader).Id); break;
                case RecordCode.Fault:
                    FaultRecord fault = FaultRecord.Read(ref reader);
                    Report(new BranchError(fault.Code, "expected " + fault.Expected + ", got " + fault.Came, "Python", fault.Remedy));
                    break;
                case RecordCode.Ended:
                    EndedRecord ended = EndedRecord.Read(ref reader);
                    Report(Ending(ended));
                    Tell(Ended, ended);
                    break;
            }
        }

        private BranchError Ending(EndedRecord ended)
        {
            bool isScript = ended.Code == "script_failed";
            return new BranchError(
                ended.Code, ended.Title + ": " + ended.Text, isScript ? TheScript : "the branch",
                isScript ? "correct it, where Python's log says that it raised, and start the stage again" : "start the stage again");
        }

        private string TheScript
        {
            get { return "the script, " + (string.IsNullOrEmpty(settings.script) ? "lobby" : settings.script); }
        }

        private void Greet(HelloRecord hello)
        {
            if (hello.Version != BlockLayout.Version)
            {
                throw new BranchError(
                    "layout_mismatch", "expected layout version " + BlockLayout.Version + ", got " + hello.Version, "Python",
                    "use the package that `branchxr unity export` of the same branchxr gives");
            }
            Forget();
            Fault = null;
            heartbeatAtMs = NowMs;
            IsBranchConnected = true;
            Block.Puppets.Rewind();
            if (State == BranchState.Starting) lifetime.Go(BranchState.Running);
            if (Greeted != null) Greeted();
        }

        private void Present(PresentRecord came)
        {
            BranchPerson person;
            if (People.TryGetValue(came.Id, out person) &&
                (person.Generation != (int)came.Generation || person.Slot != (int)came.Slot))
            {
                Remove(came.Id); // another body
            }
            bool isKnown = People.ContainsKey(came.Id);
            if (!isKnown) People[came.Id] = person = new BranchPerson { Id = came.Id };
            person.Name = came.Name;
            person.Role = came.Role;
            person.Slot = (int)came.Slot;
            person.Generation = (int)came.Generation;
            if (!isKnown) Tell(Entered, person);
        }

        private void Remove(string id)
        {
            BranchPerson person;
            if (!People.TryGetValue(id, out person)) return;
            People.Remove(id);
            Bodies.Remove(person.Slot);
            Tell(Left, person);
        }

        private void Open(PanelRecord panel)
        {
            var fields = Array.ConvertAll(panel.Fields, field => new PanelField(field.Name, field.Label, field.Value));
            var buttons = Array.ConvertAll(panel.Buttons, button => new PanelButton(button.Name, button.Label));
            Panels.Open(new BranchPanel(panel.Name, panel.Title, panel.Text, panel.Anchor, fields, buttons));
        }

        private static void Tell<T>(Action<T> listeners, T value)
        {
            if (listeners != null) listeners(value);
        }

        internal Vector3 OriginOf(int cell)
        {
            Vector3 origin;
            return origins.TryGetValue(cell, out origin) ? origin : Vector3.zero;
        }

        /// <summary>Return the cell of a point, in the branch's axes: squares of 32 m, one layer for each storey.</summary>
        internal int CellAt(Vector3 point)
        {
            foreach (CellPlaceRow cell in Cells)
            {
                float x = point.x - cell.X, y = point.y - cell.Y, z = point.z - cell.Z;
                if (Math.Abs(x) <= HalfCellM && Math.Abs(z) <= HalfCellM && y >= -1 && y < 4) return (int)cell.Id;
            }
            return Cells.Length > 0 ? (int)Cells[0].Id : 0;
        }
    }
}
