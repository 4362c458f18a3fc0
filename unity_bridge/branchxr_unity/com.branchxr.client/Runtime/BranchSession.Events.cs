using System.Collections.Generic;
using System.Threading;
using BranchXR.Frames;
using BranchXR.Panels;

namespace BranchXR
{
    // What the person does, on its way up.
    internal sealed unsafe partial class BranchSession
    {
        /// <summary>Kept free in the ring: the goodbye has a place whatever was sent before.</summary>
        private const int GoodbyeBytes = 8;

        private readonly RecordWriter writer = new RecordWriter();
        private readonly byte[] pose = new byte[8 + (Uplink.Bytes + 7) / 8 * 8];
        private readonly int mainThread = Thread.CurrentThread.ManagedThreadId;

        private void Press(BranchPanel panel, string button)
        {
            var filled = new List<FilledFieldRow>();
            foreach (KeyValuePair<string, string> field in panel.Filled())
            {
                filled.Add(new FilledFieldRow { Name = field.Key, Value = field.Value });
            }
            new PressRecord { Panel = panel.Name, Button = button, Fields = filled.ToArray() }.Write(Fresh());
            Put();
        }

        private void Answer(ConfirmationOutcome outcome)
        {
            if (outcome.Shown == null) new RefuseRecord { Id = outcome.Id, Code = outcome.RefusedCode }.Write(Fresh());
            else new ConfirmRecord { Id = outcome.Id, Challenge = outcome.Shown }.Write(Fresh());
            Put();
        }

        /// <summary>Return the writer for one event, to be followed by <see cref="Put"/>.</summary>
        internal RecordWriter Fresh()
        {
            RequireMainThread("an event");
            writer.Clear();
            return writer;
        }

        /// <summary>Put the event that was written into the block; without room it is counted and dropped.</summary>
        /// <exception cref="BranchError"><c>event_too_long</c>.</exception>
        internal bool Put() { return Put(GoodbyeBytes); }

        private bool Put(int spare)
        {
            if (writer.Length > BlockLayout.EventMax)
            {
                throw new BranchError(
                    "event_too_long", "expected at most " + BlockLayout.EventMax + " bytes, got " + writer.Length, "BranchStage",
                    "send less text at once");
            }
            if (Block == null || State == BranchState.Off) return false;
            bool hasRoom = Block.Events.TryPut(writer.Buffer, 0, writer.Length, spare);
            if (hasRoom) Carrier.Wake();
            else Block.Add(BlockAt.EventsDropped, 1);
            return hasRoom;
        }

        /// <summary>Put a pose into the block; where half of it is taken already, poses give way to events.</summary>
        internal void PutPose(ref Body body, PoseFlags flags, int cell)
        {
            if (State != BranchState.Running) return;
            if (Block.Events.Used > Block.Events.Size / 2)
            {
                Block.Add(BlockAt.PosesDropped, 1);
                return;
            }
            pose[0] = Uplink.Bytes;
            pose[4] = (byte)RecordCode.Pose;
            Uplink.Pack(pose, 8, ref body, flags, (ushort)cell, OriginOf(cell), 0); // Python stamps the branch's time
            if (Block.Events.TryPut(pose, 0, pose.Length, GoodbyeBytes)) Carrier.Wake();
        }

        /// <exception cref="BranchError"><c>wrong_thread</c>.</exception>
        internal void RequireMainThread(string member)
        {
            if (Thread.CurrentThread.ManagedThreadId == mainThread) return;
            throw new BranchError(
                "wrong_thread", "expected the main thread, got thread " + Thread.CurrentThread.ManagedThreadId, member,
                "call it from Update, or from a coroutine");
        }
    }
}
